/* Waiting, and the handles that are no sockets: events, questions, sets.
 *
 * Caller: slots.c, names.c and sets.c, under the rules of slots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USOCKET_LWIP_RAW_WAIT_H
#define USOCKET_LWIP_RAW_WAIT_H

#include "slots.h"

/* USOCKET_POLL_* of an event, a question or a set. */
uint8_t other_ready(const slot_t *s);

#if USOCKET_NAMES
/* True if a question has its answer. */
bool question_answered(const slot_t *s);

/* Ask lwIP what it has had no room for until now. */
void question_go_on(slot_t *s);
#endif

#if USOCKET_ASYNC || USOCKET_POLLER
/* A handle has changed, or is closed: the sets that it is in look at it, or forget it. */
void sets_changed(const slot_t *s);
void sets_forget(const slot_t *s);

/* True if a handle of the set is ready. */
bool set_has_ready(const slot_t *s);

/* Free what belongs to a set or an alarm. */
void set_close(slot_t *s);

/* True if the alarm's deadline has passed. */
bool alarm_rings(const slot_t *s);
#else
#define sets_changed(s) ((void)(s))
#define sets_forget(s) ((void)(s))
#define set_has_ready(s) false
#define set_close(s) ((void)(s))
#define alarm_rings(s) false
#endif

#endif
