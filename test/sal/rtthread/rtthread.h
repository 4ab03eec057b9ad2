/* The part of RT-Thread's kernel that a socket library needs, on the host's threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAL_RTTHREAD_H
#define SAL_RTTHREAD_H

#include <stddef.h>
#include <stdint.h>

#include <rtconfig.h>
#if LOOK_VERSION < 40100
#include <errno.h>
#include <libc/libc_ioctl.h>
#endif

#if LOOK_VERSION < 40101
#define RT_VERSION (LOOK_VERSION / 10000)
#define RT_SUBVERSION (LOOK_VERSION / 100 % 100)
#define RT_REVISION (LOOK_VERSION % 100)
#define RTTHREAD_VERSION ((RT_VERSION * 10000) + (RT_SUBVERSION * 100) + RT_REVISION)
#else
#define RT_VERSION_MAJOR (LOOK_VERSION / 10000)
#define RT_VERSION_MINOR (LOOK_VERSION / 100 % 100)
#define RT_VERSION_PATCH (LOOK_VERSION % 100)
#define RT_VERSION_CHECK(major, minor, patch) ((major * 10000u) + (minor * 100u) + patch)
#define RTTHREAD_VERSION RT_VERSION_CHECK(RT_VERSION_MAJOR, RT_VERSION_MINOR, RT_VERSION_PATCH)
#endif

/* From 5.2 on every file that gcc compiles has this declaration. */
#if LOOK_VERSION >= 50200 && defined(__GNUC__)
int entry(void);
#endif

typedef int8_t rt_int8_t;
typedef int16_t rt_int16_t;
typedef int32_t rt_int32_t;
typedef uint8_t rt_uint8_t;
typedef uint16_t rt_uint16_t;
typedef uint32_t rt_uint32_t;
typedef int rt_bool_t;
typedef long rt_base_t;
typedef unsigned long rt_ubase_t;
typedef rt_base_t rt_err_t;
typedef rt_uint32_t rt_tick_t;
typedef rt_ubase_t rt_size_t;

#define RT_NULL 0
#define RT_TRUE 1
#define RT_FALSE 0

#define RT_EOK 0
#if LOOK_VERSION < 50200
#define RT_ERROR 1
#define RT_ETIMEOUT 2
#define RT_EFULL 3
#define RT_ENOMEM 5
#else /* the C library's numbers */
#define RT_ERROR 255
#define RT_ETIMEOUT 116
#define RT_EFULL 28
#define RT_ENOMEM 12
#endif

#define RT_WAITING_FOREVER -1
#define RT_WAITING_NO 0
#define RT_IPC_FLAG_FIFO 0
#define RT_IPC_FLAG_PRIO 1
#define RT_TICK_MAX 0xffffffffu
#define RT_THREAD_PRIORITY_MAX 32

typedef struct look_sem *rt_sem_t;
typedef struct rt_mutex *rt_mutex_t;
typedef struct look_thread *rt_thread_t;

struct rt_mutex {
    void *impl;
    const char *name;
};

rt_tick_t rt_tick_get(void);
rt_tick_t rt_tick_from_millisecond(rt_int32_t ms);

rt_thread_t rt_thread_create(
    const char *name, void (*entry)(void *), void *arg, rt_uint32_t stack, rt_uint8_t priority, rt_uint32_t tick);
rt_err_t rt_thread_startup(rt_thread_t thread);
rt_err_t rt_thread_delete(rt_thread_t thread);
rt_thread_t rt_thread_self(void);
rt_err_t rt_thread_delay(rt_tick_t ticks);
rt_err_t rt_thread_mdelay(rt_int32_t ms);

rt_sem_t rt_sem_create(const char *name, rt_uint32_t value, rt_uint8_t flag);
rt_err_t rt_sem_delete(rt_sem_t sem);
rt_err_t rt_sem_take(rt_sem_t sem, rt_int32_t ticks);
rt_err_t rt_sem_trytake(rt_sem_t sem);
rt_err_t rt_sem_release(rt_sem_t sem);

rt_err_t rt_mutex_init(rt_mutex_t mutex, const char *name, rt_uint8_t flag);
rt_err_t rt_mutex_detach(rt_mutex_t mutex);
rt_err_t rt_mutex_take(rt_mutex_t mutex, rt_int32_t ticks);
rt_err_t rt_mutex_release(rt_mutex_t mutex);

void rt_enter_critical(void);
void rt_exit_critical(void);

void *rt_malloc(rt_size_t size);
void *rt_calloc(rt_size_t count, rt_size_t size);
void rt_free(void *p);

rt_err_t rt_get_errno(void);
void rt_set_errno(rt_err_t error);

int rt_kprintf(const char *format, ...);

#define INIT_APP_EXPORT(function)

#endif
