/* lwIP's system layer on an RTOS, for tools/size.py: compiled, never linked. */
#ifndef SIZE_LWIP_SYS_ARCH_H
#define SIZE_LWIP_SYS_ARCH_H

typedef struct {
    void *handle;
} sys_sem_t, sys_mutex_t, sys_mbox_t;
typedef void *sys_thread_t;
typedef unsigned long sys_prot_t;

#define sys_sem_valid(s) ((s)->handle != NULL)
#define sys_sem_set_invalid(s) ((s)->handle = NULL)
#define sys_mutex_valid(m) ((m)->handle != NULL)
#define sys_mutex_set_invalid(m) ((m)->handle = NULL)
#define sys_mbox_valid(m) ((m)->handle != NULL)
#define sys_mbox_set_invalid(m) ((m)->handle = NULL)

#endif
