/* The system on RT-Thread: a clock, memory, locks, semaphores, threads.
 *
 * The locks are mutexes with priority inheritance. An interrupt may call plat_sem_set and
 * usocket_port_now only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "usocket/port.h"

#include <rthw.h>

#include <string.h>

/* ---- Time --------------------------------------------------------------------------------------------------------- */

/* The kernel counts ticks in 32 bits. A wrap is counted if the clock is read at least once between
 * two of them, as every wait does. */
usocket_time_t usocket_port_now(void) {
    static rt_tick_t last;
    static uint32_t wraps;
    rt_base_t level = rt_hw_interrupt_disable();
    rt_tick_t tick = rt_tick_get();
    wraps += tick < last;
    last = tick;
    uint64_t ticks = (uint64_t)wraps << 32 | tick;
    rt_hw_interrupt_enable(level);
#if 1000000 % RT_TICK_PER_SECOND == 0
    return (usocket_time_t)(ticks * (1000000 / RT_TICK_PER_SECOND)) + 1; /* a division takes 200 instructions */
#else
    return (usocket_time_t)(ticks * 1000000 / RT_TICK_PER_SECOND) + 1;
#endif
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

void *usocket_port_alloc(size_t size) {
    return rt_malloc(size);
}

void usocket_port_free(void *p) {
    rt_free(p);
}

/* ---- Locks -------------------------------------------------------------------------------------------------------- */

typedef struct {
    struct rt_mutex mutex;
    bool ready;
} lock_t;

/* The first caller makes the mutex; interrupts are off meanwhile. */
static void make_lock(lock_t *lock) {
    rt_base_t level = rt_hw_interrupt_disable();
    if (!lock->ready) {
        rt_mutex_init(&lock->mutex, "usocket", RT_IPC_FLAG_PRIO);
        __atomic_store_n(&lock->ready, true, __ATOMIC_RELEASE);
    }
    rt_hw_interrupt_enable(level);
}

static void take_lock(lock_t *lock) {
    if (!__atomic_load_n(&lock->ready, __ATOMIC_ACQUIRE)) {
        make_lock(lock);
    }
    rt_mutex_take(&lock->mutex, RT_WAITING_FOREVER);
}

static lock_t library_lock;
static lock_t names_lock;
static lock_t blocking_lock;

void usocket_port_lock(void) {
    take_lock(&library_lock);
}

void usocket_port_unlock(void) {
    rt_mutex_release(&library_lock.mutex);
}

void plat_names_lock(void) {
    take_lock(&names_lock);
}

void plat_names_unlock(void) {
    rt_mutex_release(&names_lock.mutex);
}

void plat_blocking_lock(void) {
    take_lock(&blocking_lock);
}

void plat_blocking_unlock(void) {
    rt_mutex_release(&blocking_lock.mutex);
}

/* ---- Semaphores: a flag and its waiter ----------------------------------------------------------------------------- */

bool plat_sem_new(plat_sem *sem) {
    *sem = rt_sem_create("usocket", 0, RT_IPC_FLAG_FIFO);
    return *sem != RT_NULL;
}

void plat_sem_free(plat_sem *sem) {
    rt_sem_delete(*sem);
}

void plat_sem_set(plat_sem *sem) {
    rt_sem_release(*sem);
}

bool plat_sem_take(plat_sem *sem, unsigned ms) {
    return rt_sem_take(*sem, (rt_int32_t)rt_tick_from_millisecond((rt_int32_t)ms)) == RT_EOK;
}

void plat_sleep(unsigned ms) {
    rt_thread_mdelay((rt_int32_t)ms);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

int usocket_port_spawn(void (*run)(void *), void *arg) {
    rt_thread_t thread = rt_thread_create("usocket", run, arg, USOCKET_RESOLVER_STACK, USOCKET_RESOLVER_PRIORITY, 10);
    if (thread == RT_NULL) {
        return USOCKET_ENOMEM;
    }
    if (rt_thread_startup(thread) != RT_EOK) {
        rt_thread_delete(thread);
        return USOCKET_EAGAIN;
    }
    return 0;
}

/* ---- For TLS ------------------------------------------------------------------------------------------------------ */

#if USOCKET_TLS

#include <time.h>

/* The chip's generator. A board without one writes usocket_port_random, or does not link. The
 * generator of the package mbedtls (mbedtls_hardware_poll) calls rand(), and is not used. */
#if defined(RT_HWCRYPTO_USING_RNG) && !defined(USOCKET_TLS_BOARD_RANDOM)

rt_uint32_t rt_hwcrypto_rng_update(void); /* from <hw_rng.h>, which has no fixed place */

/* The generator cannot report a failure: it returns 0, or when it is broken the same word again. So
 * no word may equal the one before it. */
int usocket_port_random(void *buf, size_t len) {
    uint8_t *p = buf;
    rt_uint32_t before = rt_hwcrypto_rng_update();
    while (len != 0) {
        rt_uint32_t word = rt_hwcrypto_rng_update();
        if (word == before) {
            return USOCKET_EIO;
        }
        before = word;
        size_t part = len < sizeof(word) ? len : sizeof(word);
        memcpy(p, &word, part);
        p += part;
        len -= part;
    }
    return 0;
}

#endif

/* time() is -1 without an RTC, and long past with one that was never set. */
int64_t usocket_port_wall_time(void) {
    time_t now = time(NULL);
    return now > 0 ? (int64_t)now : 0;
}

const char *usocket_port_trust(uint64_t *version) {
    *version = 0;
#ifdef USOCKET_TLS_TRUST_FILE
    return USOCKET_TLS_TRUST_FILE[0] != '\0' ? USOCKET_TLS_TRUST_FILE : NULL;
#else
    return NULL;
#endif
}

#endif
