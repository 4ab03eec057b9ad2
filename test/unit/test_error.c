/* Every code of the header's enum has a name, a text and Linux's number.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netdb.h>

#include "codes.h" /* generated from the header: CODE(EPERM) ... */
#include "fixture.h"

static const struct {
    const char *name;
    int code;
} codes[] = {
#define CODE(name) { #name, USOCKET_##name },
    ALL_CODES
#undef CODE
};
#define COUNT (sizeof codes / sizeof *codes)

static void test_names(void **state) {
    (void)state;
    assert_true(COUNT > 60);
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(codes[i].name, usocket_errname(codes[i].code));
        const char *words = usocket_strerror(codes[i].code);
        assert_non_null(words);
        assert_true(strlen(words) >= 3);
        assert_string_not_equal("E?", words);
#if USOCKET_WORDS
        assert_string_not_equal(codes[i].name, words);
#else
        assert_string_equal(codes[i].name, words);
#endif
    }
}

static void test_unknown(void **state) {
    (void)state;
    for (int code = -1200; code <= 200; code++) {
        bool known = false;
        for (size_t i = 0; i < COUNT; i++) {
            known = known || codes[i].code == code;
        }
        assert_true(known == (strcmp("E?", usocket_errname(code)) != 0));
        assert_non_null(usocket_strerror(code));
    }
    static const int far[] = { INT32_MIN, INT32_MAX, -1000, -1100, -32768, 65536, -128, -127, -256, -257 };
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        assert_string_equal("E?", usocket_errname(far[i]));
        assert_non_null(usocket_strerror(far[i]));
    }
}

static void test_lookup_codes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(usocket_is_eai(codes[i].code) == (strncmp(codes[i].name, "EAI_", 4) == 0));
    }
    assert_false(usocket_is_eai(0));
    assert_false(usocket_is_eai(USOCKET_EAI_BASE));
    assert_false(usocket_is_eai(USOCKET_EAI_BASE - 100));
}

#ifdef __linux__
static void test_numbers(void **state) {
    (void)state;
    static const struct {
        int ours, system;
    } pairs[] = {
#define CODE(name) { USOCKET_##name, name },
        SYSTEM_CODES
#undef CODE
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(-pairs[i].system, pairs[i].ours);
    }
    assert_int_equal(USOCKET_EAI_BASE + EAI_NONAME, USOCKET_EAI_NONAME);
    assert_int_equal(USOCKET_EAI_BASE + EAI_AGAIN, USOCKET_EAI_AGAIN);
    assert_int_equal(USOCKET_EAI_BASE + EAI_OVERFLOW, USOCKET_EAI_OVERFLOW);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_names), TEST(test_unknown), TEST(test_lookup_codes),
#ifdef __linux__
        TEST(test_numbers),
#endif
    };
    return RUN(tests);
}
