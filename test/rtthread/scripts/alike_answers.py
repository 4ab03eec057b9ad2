# A script of the self-test that CPython answers as well; one answer differs on the board.
import sys
from alike import attempt, done, say
from where import HOST

say("the board's address", (HOST, 0))
attempt("an exception", int, "x")
say("an answer that differs", "fakeboard" in sys.modules)
done()
