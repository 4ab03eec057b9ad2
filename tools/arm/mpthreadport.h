// For tools/size.py: a mutex of an RTOS.

typedef struct _mp_thread_mutex_t {
    void *handle;
} mp_thread_mutex_t;

void mp_thread_init(void);
void mp_thread_gc_others(void);
