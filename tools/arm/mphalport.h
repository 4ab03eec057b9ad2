// For tools/size.py: the part of a port's mphalport.h for modules that make system calls.

#define MP_HAL_RETRY_SYSCALL(ret, syscall, raise) \
    do { \
        int err; \
        MP_THREAD_GIL_EXIT(); \
        ret = syscall; \
        err = errno; \
        MP_THREAD_GIL_ENTER(); \
        if (ret != -1) { \
            break; \
        } \
        if (err != EINTR) { \
            raise; \
        } \
        mp_handle_pending(true); \
    } while (1)
