# A script of the self-test that ends the machine.
import fakeboard

from check import ok, summary

ok("before the crash")
fakeboard.die()
summary()
