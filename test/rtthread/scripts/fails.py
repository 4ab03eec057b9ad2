# A script of the self-test with a check that fails.
from check import check, summary

check("two and two", 2 + 2, 5)
summary()
