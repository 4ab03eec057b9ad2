# run: net=lo
# dup, and inheritance of descriptors by a child process.
from alike import attempt, done, say, settle, tcp_pair

a, b = tcp_pair()
a.settimeout(2.5)
c = a.dup()
say("dup", (int(c.family), int(c.type), c.gettimeout(), c.fileno() != a.fileno(), c.getpeername() == a.getpeername()))
a.close()
attempt("dup sends on", c.send, b"on")
settle(b)
attempt("dup, heard", b.recv, 10)
c.close()
settle(b)
attempt("dup, the end", b.recv, 10)
attempt("dup of a closed socket", c.dup)

attempt("inheritable", b.get_inheritable)
attempt("set_inheritable", b.set_inheritable, True)
attempt("inheritable then", b.get_inheritable)
c = b.dup()
attempt("a duplicate is not", c.get_inheritable)
attempt("set_inheritable back", b.set_inheritable, False)
attempt("inheritable at last", b.get_inheritable)
c.close()
b.close()
attempt("inheritable, closed", b.get_inheritable)
attempt("set_inheritable, closed", b.set_inheritable, True)
done()
