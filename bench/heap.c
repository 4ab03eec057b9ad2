/* Counts the bytes that a program has allocated (glibc). Loaded with LD_PRELOAD; the program calls it through dlsym, ffi or ctypes. */
#include <malloc.h>
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static size_t now, peak;

static void *count(void *p)
{
    if (p != NULL) {
        size_t sum = __atomic_add_fetch(&now, malloc_usable_size(p), __ATOMIC_RELAXED);
        if (sum > peak) {
            peak = sum;
        }
    }
    return p;
}

static void forget(void *p)
{
    if (p != NULL) {
        __atomic_sub_fetch(&now, malloc_usable_size(p), __ATOMIC_RELAXED);
    }
}

void *malloc(size_t size)
{
    return count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    forget(p);
    return count(__libc_realloc(p, size));
}

void free(void *p)
{
    forget(p);
    __libc_free(p);
}

unsigned long heap_now(void)
{
    return now;
}

/* The peak since the last call. */
unsigned long heap_peak(void)
{
    size_t most = peak;
    peak = now;
    return most;
}
