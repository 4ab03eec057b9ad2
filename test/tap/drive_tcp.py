# run: limit=60 long=tiny
# TCP in both directions and all address families: data exact to the byte, half-close, addresses of both ends.
import link
import streams

link.run("on_tcp.py", vars(streams), 55)
