# run: limit=60 long=tiny
# UDP in both directions and all address families: sizes, fragments, senders, missing receivers, losses.
import link
import udp

link.run("on_udp.py", vars(udp), 55)
