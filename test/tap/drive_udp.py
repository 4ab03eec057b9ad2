# run: limit=60 long=lwip-tiny
# UDP in both directions and all families of addresses: sizes, fragments, who sent it, what is not there, what is lost.
import link
import udp

link.run("on_udp.py", vars(udp), 55)
