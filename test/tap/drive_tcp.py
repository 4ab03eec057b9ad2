# run: limit=60 long=lwip-tiny
# TCP in both directions and all families of addresses: content exact to the byte, half-close, who the peer is.
import link
import streams

link.run("on_tcp.py", vars(streams), 55)
