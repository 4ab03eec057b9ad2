/* Room on the C stack for a call of the core, with the API of MicroPython 1.13, which does not check the stack in calls of C.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

struct compat_state mp_state_ctx;
static jmp_buf raised;

void mp_raise_recursion_depth(void) {
    longjmp(raised, 1);
}

void nlr_jump(void *val) {
    (void)val;
    exit(2);
}

/* True if a call with that many bytes left below the limit raises. */
static bool too_deep(size_t left) {
    char here[4096]; /* stack that counts as used */
    MP_STATE_THREAD(stack_top) = here + sizeof(here);
    MP_STATE_THREAD(stack_limit) = sizeof(here) + left;
    if (setjmp(raised) != 0) {
        return true;
    }
    usocket_py_check_stack();
    return false;
}

static int check(const char *what, bool good) {
    printf("%-5s %s\n", good ? "ok" : "FAIL", what);
    return !good;
}

int main(void) {
    int failed = 0;
    failed += check("room enough on the stack", !too_deep(USOCKET_PY_STACK + 2048));
    failed += check("not quite enough is a RuntimeError", too_deep(USOCKET_PY_STACK - 64));
    failed += check("none is, too", too_deep(0));
    return failed != 0;
}
