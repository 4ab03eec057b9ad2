# A script of the self-test that ends with an exception outside of a section.
from check import ok, summary

ok("before the exception")
raise ValueError("unexpected")
summary()
