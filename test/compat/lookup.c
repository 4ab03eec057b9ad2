/* A lookup before the first socket, with the API of MicroPython 1.13: Ctrl-C must end it, although that version never calls
 * the module's __init__.
 *
 * SPDX-License-Identifier: MIT
 */
#include "py_usocket.h"

#include <stdio.h>
#include <stdlib.h>

struct compat_state mp_state_ctx;
static bool ready, ready_in_time, stack_checked, started_after;

void usocket_py_check_stack(void) {
    stack_checked = true;
}

void compat_gil(bool take) {
    (void)take;
}

void usocket_py_init_interrupts(void) {
    ready = true;
}

bool usocket_py_resume(int r, mp_obj_t *exc) {
    (void)r, (void)exc;
    return false;
}

int usocket_lookup_start(usocket_lookup_t **lookup, const usocket_query_t *q) {
    (void)q;
    started_after = stack_checked;
    *lookup = (usocket_lookup_t *)lookup;
    return 0;
}

int usocket_lookup_reverse(usocket_lookup_t **lookup, const usocket_addr_t *a, int flags) {
    (void)a, (void)flags;
    return usocket_lookup_start(lookup, NULL);
}

int usocket_lookup_wait_for(usocket_lookup_t *l, usocket_t *s, usocket_time_t deadline) {
    (void)l, (void)s, (void)deadline;
    ready_in_time = ready;
    return 0;
}

void usocket_lookup_free(usocket_lookup_t *l) {
    (void)l;
}

void usocket_py_raise(int code, qstr what, const usocket_addr_t *who) {
    (void)code, (void)what, (void)who;
    exit(2);
}

void usocket_py_raise_lookup(int code, qstr what, const char *host, const char *service) {
    (void)host, (void)service;
    usocket_py_raise(code, what, NULL);
}

bool usocket_py_collect_for(int code, bool *collected) {
    (void)code, (void)collected;
    return false;
}

void nlr_jump(void *val) {
    (void)val;
    exit(2);
}

int main(void) {
    usocket_py_lookup_t q = {.query = {.host = "host"}, .what = MP_QSTR_getaddrinfo};
    usocket_py_lookup(&q, USOCKET_FOREVER);
    printf(
        "%-5s a lookup can be interrupted without an __init__ and before any socket\n", ready_in_time ? "ok" : "FAIL");
    printf("%-5s and begins when there is room on the stack\n", started_after ? "ok" : "FAIL");
    return !ready_in_time || !started_after;
}
