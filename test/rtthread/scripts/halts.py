# run: limit=1
# A script of the self-test that halts the board: nothing answers any more.
import fakeboard

from check import ok, summary

ok("before the halt")
fakeboard.halt()
summary()
