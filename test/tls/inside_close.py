# A connection fails in one thread while another closes the socket: every exception has a number and a text. The output has the form
# of inside.py's.
import time, _thread
import usocket as socket
from ends import check, error, make_client, make_listener

_thread.stack_size(256 * 1024)
JUNK = b"no record of TLS at all, but enough bytes for its header"
ROUNDS = 150
SECONDS = 3  # limit of each call


def told(label, call, serving):
    l, at = make_listener()
    plain = socket.socket()
    plain.bind(("127.0.0.1", 0))
    plain.listen(4)
    raised = []
    bad = None
    end = time.ticks_add(time.ticks_ms(), SECONDS * 1000)
    for n in range(ROUNDS):
        if bad or time.ticks_diff(end, time.ticks_ms()) < 0:
            break
        if serving:
            peer = socket.socket()
            peer.connect(at)
            s, _ = l.accept()
        else:
            s = make_client(0)
            error(s.connect, plain.getsockname())
            peer, _ = plain.accept()
        s.settimeout(10)
        del raised[:]
        _thread.start_new_thread(lambda: raised.append(error(call, s)), ())
        time.sleep(0.001)
        peer.send(JUNK)
        for _ in range(n % 50 * 20):  # the other thread waits for this one, before and after the failure
            pass
        s.close()
        while not raised:
            time.sleep(0.001)
        e = raised[0]
        number = getattr(e, "errno", None)
        good = isinstance(e, OSError) and number and len(e.args) > 1 and len(e.args[1]) > 5
        bad = None if good else "round %d: %r" % (n, e)
        peer.close()
    check(label, not bad, bad)
    l.close()
    plain.close()


for serving in (True, False):
    role = "server" if serving else "client"
    for name, call in (("recv", lambda s: s.recv(10)), ("send", lambda s: s.send(b"x")), ("do_handshake", lambda s: s.do_handshake()),
                       ("readline", lambda s: s.readline())):
        told("%s of a %s fails while another thread closes: a number and words" % (name, role), call, serving)
print("end")
