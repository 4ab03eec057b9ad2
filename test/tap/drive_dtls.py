# run: net=proxy limit=150 only seeds=3
# DTLS on a link that drops, duplicates and reorders frames: the handshake still completes, and datagrams arrive once or not at all.
import link
import lossy
import secure

link.run("on_dtls.py", dict(secure.functions, treat=lossy.start()), 145, arguments=(secure.DIRECTORY,))
