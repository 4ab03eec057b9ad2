# A script of the self-test: the collector overlooks an object, and a fresh board is asked again.
from check import env, summary, true

if env("TEST_AGAIN") == "2":
    true("an object that is overlooked twice", True)
else:
    print("LOST an object that is overlooked twice: still there")
summary()
