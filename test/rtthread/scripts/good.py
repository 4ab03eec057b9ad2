# run: limit=10
# A script of the self-test: its helpers, its text and its environment arrive as they are here.
from check import check, env, sections, summary
from where import BOTH, HOST, HOST6, NAME, SIN_LEN

TEXT = "quotes ' \" \\ tabs\tand ends\r\n, a comment # that is none, é 中 \u20ac \0 \x7f"


def arrives():
    check("a text with every kind of character", [len(TEXT), ord(TEXT[-1]), sum(map(ord, TEXT))], [65, 127, 33338])
    check("a long line", "{}".format("x" * 1000 + "0123456789" * 200)[-3:], "789")


def where():
    check("the board's address", HOST, "10.0.2.15")
    check("the board's IPv6 address", HOST6, "fe80::5054:ff:fe11:2233")
    check("names outside of a namespace", (NAME, BOTH), ("board.example", "board.example"))
    check("the target's own settings", SIN_LEN, True)
    check("the stack", env("TEST_STACK"), "rtthread")


sections(arrives, where)
summary()
