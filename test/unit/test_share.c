/* Concurrent lookups of one name on the simulator share a worker and its answer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "lookup_fixture.h"

/* A lookup that equals a running one waits for the same answer. */
static void test_share(void **state) {
    (void)state;
    enum { MANY = 5 };
    usocket_lookup_t *many[MANY];
    sim_name("slow", "192.0.2.1 192.0.2.2", 50 * MS, 0);
    for (int i = 0; i < MANY; i++) {
        assert_ok(start("slow"));
        many[i] = l;
        sim_sleep(i == 1 ? MS : 0); /* some join a queued lookup, some a running one */
    }
    for (int i = 0; i < MANY; i++) {
        usocket_wait_t w = { usocket_lookup_handle(many[i]), USOCKET_POLL_IN, 0 };
        assert_int_equal(0, usocket_port_wait(&w, 1, USOCKET_NOW));
    }
    for (int i = 0; i < MANY; i++) {
        assert_ok(usocket_lookup_wait(many[i], USOCKET_NEVER));
    }
    assert_int_equal(1, sim_resolved());
    for (int i = 0; i < MANY; i++) {
        l = many[i];
        usocket_wait_t w = { usocket_lookup_handle(l), USOCKET_POLL_IN, 0 };
        assert_int_equal(1, usocket_port_wait(&w, 1, USOCKET_NOW));
        expect(0, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.1:80");
        expect(1, USOCKET_AF_INET, USOCKET_STREAM, "192.0.2.2:80");
        expect_no_more(2);
        usocket_lookup_free(l);
    }
    assert_ok(start("slow")); /* no lookup is running now: a new query is sent */
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    usocket_lookup_free(l);
    assert_int_equal(2, sim_resolved());
    sim_name("bad", "", 50 * MS, USOCKET_EAI_AGAIN); /* a failure is shared as well */
    for (int i = 0; i < 2; i++) {
        assert_ok(start("bad"));
        many[i] = l;
    }
    for (int i = 0; i < 2; i++) {
        assert_code(USOCKET_EAI_AGAIN, usocket_lookup_wait(many[i], USOCKET_NEVER));
        usocket_lookup_free(many[i]);
    }
    assert_int_equal(3, sim_resolved());
}

/* Lookups that differ in family, flags or direction are not shared. */
static void test_not_alike(void **state) {
    (void)state;
    sim_name("slow", "192.0.2.1", 50 * MS, 0);
    usocket_query_t q = { .host = "slow", .port = 1, .family = USOCKET_AF_INET };
    usocket_addr_t a = fx_addr("192.0.2.1", 80);
    usocket_lookup_t *all[4];
    assert_ok(usocket_lookup_start(&all[0], &q));
    q.family = USOCKET_AF_UNSPEC;
    assert_ok(usocket_lookup_start(&all[1], &q));
    q.flags = USOCKET_AI_CANONNAME;
    assert_ok(usocket_lookup_start(&all[2], &q));
    assert_ok(usocket_lookup_reverse(&all[3], &a, 0));
    for (int i = 0; i < 4; i++) {
        assert_ok(usocket_lookup_wait(all[i], USOCKET_NEVER));
    }
    assert_int_equal(4, sim_resolved());
    assert_string_equal("", usocket_lookup_name(all[1]));
    assert_string_equal("canon.slow", usocket_lookup_name(all[2]));
    assert_string_equal("slow", usocket_lookup_name(all[3]));
    for (int i = 0; i < 4; i++) {
        usocket_lookup_free(all[i]);
    }
}

/* A query that waits for room in the stack continues until all lookups that share it are abandoned. */
static void test_share_no_room(void **state) {
    (void)state;
    usocket_lookup_t *first;
    sim_name("host", "192.0.2.1", 0, 0);
    usocket_time_t since = fx_now();
    sim_busy(since + 250 * MS);
    assert_ok(start("host"));
    first = l;
    sim_sleep(MS);
    assert_ok(start("host"));
    usocket_lookup_free(first);
    assert_ok(usocket_lookup_wait(l, USOCKET_NEVER));
    fx_took(since, 300 * MS);
    usocket_lookup_free(l);
}

/* Shared lookups can be abandoned in any order, queued or running; the others get their answer. */
static void test_share_given_up(void **state) {
    (void)state;
    enum { MANY = 3 };
    usocket_lookup_t *busy[WORKERS] = { NULL }, *many[MANY];
    sim_name("slow", "192.0.2.1", 50 * MS, 0);
    sim_name("busy", "192.0.2.1", 20 * MS, 0);
    for (int gone = 0; gone < 1 << MANY; gone++) {
        for (int queued = 0; queued < 2; queued++) {
            for (int i = 0; i < WORKERS && queued; i++) {
                assert_ok(start_own("busy", i));
                busy[i] = l;
            }
            sim_sleep(queued ? MS : 0);
            for (int i = 0; i < MANY; i++) {
                assert_ok(start("slow"));
                many[i] = l;
            }
            sim_sleep(MS);
            for (int i = 0; i < MANY; i++) {
                if (gone & 1 << i) {
                    usocket_lookup_free(many[i]);
                }
            }
            for (int i = 0; i < MANY; i++) {
                if (!(gone & 1 << i)) {
                    assert_ok(usocket_lookup_wait(many[i], usocket_deadline_in(SECOND)));
                    usocket_lookup_free(many[i]);
                }
            }
            for (int i = 0; i < WORKERS && queued; i++) {
                assert_ok(usocket_lookup_wait(busy[i], USOCKET_NEVER));
                usocket_lookup_free(busy[i]);
            }
            assert_true(sim_drain());
            assert_int_equal(0, sim_census().allocations);
            assert_int_equal(0, sim_census().handles);
        }
    }
}

/* A shared lookup occupies one worker; when all have abandoned it, the next one starts. */
static void test_share_makes_way(void **state) {
    (void)state;
    usocket_lookup_t *kept[MOST][2];
    sim_name("never", "", USOCKET_NEVER, 0);
    sim_name("host", "192.0.2.1", 0, 0);
    for (int i = 0; i < MOST; i++) {
        for (int k = 0; k < 2; k++) {
            assert_ok(start_own("never", i));
            kept[i][k] = l;
        }
    }
    sim_sleep(SECOND); /* until there are as many workers as there may be */
    assert_int_equal(MOST, sim_resolving());
    usocket_lookup_t *queued;
    assert_ok(start("host"));
    queued = l;
    usocket_lookup_free(kept[0][0]); /* one lookup still waits for it */
    assert_code(USOCKET_ETIMEDOUT, usocket_lookup_wait(queued, usocket_deadline_in(SECOND)));
    usocket_lookup_free(kept[0][1]);
    assert_ok(usocket_lookup_wait(queued, usocket_deadline_in(SECOND)));
    usocket_lookup_free(queued);
    for (int i = 1; i < MOST; i++) {
        usocket_lookup_free(kept[i][1]);
        usocket_lookup_free(kept[i][0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_share), TEST(test_share_no_room), TEST(test_not_alike), TEST(test_share_given_up), TEST(test_share_makes_way),
    };
    return RUN(tests);
}
