/* Runs the fuzz targets without a fuzzer: on their corpus, and on changes of it by a fixed pseudo-random sequence.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdlib.h>

#include "fixture.h"

#define LLVMFuzzerTestOneInput fuzz_address
#include "address.c"
#undef LLVMFuzzerTestOneInput
#undef MUST
#define LLVMFuzzerTestOneInput fuzz_calls
#include "calls.c"
#undef LLVMFuzzerTestOneInput

#define MOST 2048

static uint32_t seed = 12345;

static unsigned any(unsigned limit) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static unsigned rounds(unsigned n) {
    return getenv("TEST_LONG") ? 50 * n : getenv("TEST_SHORT") ? n / 10 : n;
}

static unsigned corpus(const char *path, int (*target)(const uint8_t *, size_t), bool texts) {
    static uint8_t data[MOST], made[MOST + 8];
    unsigned files = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        fail_msg("no %s: the tests run in the project's root", path);
    }
    for (struct dirent *e; (e = readdir(dir));) {
        char name[600];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(name, "rb");
        if (!f) {
            continue;
        }
        size_t size = fread(data, 1, sizeof data, f);
        fclose(f);
        target(data, size);
        files++;
        for (unsigned i = 0; i < rounds(300); i++) { /* with a few changes */
            size_t len = size;
            memcpy(made, data, size);
            for (unsigned k = any(4); k-- && len;) {
                size_t at = any((unsigned)len);
                switch (any(3)) {
                    case 0: made[at] = (uint8_t)(texts ? "0123456789abcfxX.:%/ g"[any(22)] : (char)any(256)); break;
                    case 1: memmove(made + at, made + at + 1, len - at - 1); len--; break;
                    default: memmove(made + at + 1, made + at, len - at); len += len < MOST; break;
                }
            }
            target(made, len);
        }
    }
    closedir(dir);
    return files;
}

static void test_address(void **state) {
    (void)state;
    uint8_t text[48];
    assert_true(corpus("fuzz/corpus/address", fuzz_address, true) >= 5);
    for (unsigned i = 0; i < rounds(60000); i++) {
        size_t len = any(i % 2 ? 20 : sizeof text);
        for (size_t k = 0; k < len; k++) {
            text[k] = (uint8_t)(i % 3 == 0 ? "0123456789.xX"[any(13)] : "0123456789abcdefF::::..%"[any(24)]);
        }
        fuzz_address(text, len);
    }
}

static void test_calls(void **state) {
    (void)state;
    uint8_t data[600];
    assert_true(corpus("fuzz/corpus/calls", fuzz_calls, false) >= 3);
    for (unsigned i = 0; i < rounds(4000); i++) {
        size_t len = any(sizeof data);
        for (size_t k = 0; k < len; k++) {
            data[k] = (uint8_t)any(256);
        }
        fuzz_calls(data, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = { TEST(test_address), TEST(test_calls) };
    return RUN(tests);
}
