"""Substitute for `unittest`, which the source package does not contain.

It suffices for the network tests of MicroPython's suite, and prints the final lines
that its run-tests.py looks for.
"""

import sys


class SkipTest(Exception):
    pass


class _Raises:
    def __init__(self, expected):
        self.expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError("%r was not raised" % (self.expected,))
        self.exception = value
        return issubclass(kind, self.expected)


class TestCase:
    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def fail(self, message="fail() was called"):
        raise AssertionError(message)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def _check(self, good, message, *values):
        if not good:
            raise AssertionError(message or "values: " + repr(values))

    def assertEqual(self, a, b, msg=None):
        self._check(a == b, msg, a, b)

    def assertNotEqual(self, a, b, msg=None):
        self._check(a != b, msg, a, b)

    def assertLess(self, a, b, msg=None):
        self._check(a < b, msg, a, b)

    def assertLessEqual(self, a, b, msg=None):
        self._check(a <= b, msg, a, b)

    def assertGreater(self, a, b, msg=None):
        self._check(a > b, msg, a, b)

    def assertGreaterEqual(self, a, b, msg=None):
        self._check(a >= b, msg, a, b)

    def assertIn(self, a, b, msg=None):
        self._check(a in b, msg, a, b)

    def assertNotIn(self, a, b, msg=None):
        self._check(a not in b, msg, a, b)

    def assertIs(self, a, b, msg=None):
        self._check(a is b, msg, a, b)

    def assertIsNone(self, a, msg=None):
        self._check(a is None, msg, a)

    def assertIsNotNone(self, a, msg=None):
        self._check(a is not None, msg, a)

    def assertTrue(self, a, msg=None):
        self._check(a, msg, a)

    def assertFalse(self, a, msg=None):
        self._check(not a, msg, a)

    def assertIsInstance(self, a, kind, msg=None):
        self._check(isinstance(a, kind), msg, a, kind)

    def assertRaises(self, expected, function=None, *args, **kwargs):
        context = _Raises(expected)
        if function is None:
            return context
        with context:
            function(*args, **kwargs)


def skip(reason):
    def replace(function):
        def skipped(self):
            raise SkipTest(reason)

        return skipped

    return replace


def skipIf(condition, reason):
    return skip(reason) if condition else lambda function: function


def skipUnless(condition, reason):
    return skipIf(not condition, reason)


def main(module="__main__"):
    ran = skipped = failures = errors = 0
    space = __import__(module).__dict__
    for name in sorted(space):
        kind = space[name]
        if not (isinstance(kind, type) and issubclass(kind, TestCase)) or kind is TestCase:
            continue
        kind.setUpClass()
        for test in sorted(n for n in dir(kind) if n.startswith("test")):
            ran += 1
            case = kind()
            try:
                case.setUp()
                try:
                    getattr(case, test)()
                finally:
                    case.tearDown()
                outcome = "ok"
            except SkipTest as e:
                skipped += 1
                outcome = "skipped: %s" % e
            except AssertionError as e:
                failures += 1
                outcome = "FAIL"
                sys.print_exception(e)
            except Exception as e:
                errors += 1
                outcome = "ERROR"
                sys.print_exception(e)
            print("%s (%s) ... %s" % (test, name, outcome))
        kind.tearDownClass()
    print("-" * 70)
    print("Ran %d tests\n" % ran)
    if failures or errors:
        print("FAILED (failures=%d, errors=%d)" % (failures, errors))
    else:
        print("OK (skipped=%d)" % skipped if skipped else "OK")
