/* SPDX-License-Identifier: MIT */
/* attach.c - making and freeing process objects of threads. */
#include "sched/attach.h"

#include <pthread.h>
#include <stdlib.h>

#include "dynamic/env.h"
#include "dynamic/frame.h"
#include "os/os.h"
#include "sched/frames.h"
#include "sched/park.h"
#include "sched/task.h"

__thread wefti_strand *wefti_strand_now __attribute__((tls_model("initial-exec")));

/* For weft_last_status where not even a process object can be had. */
static __thread weft_status bare_status;

const char wefti_end_mark[] = "end of task";

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;

static void detach(void *thread) {
    wefti_strand_now = NULL;
    wefti_condition_forget(&((wefti_thread *)thread)->strand);
    wefti_forks_end(&((wefti_thread *)thread)->forks);
    free(thread);
}

static void begin(void) {
    /* For threads that wait for each other without a kernel. relaxed: a guess, as in kernel.c, which asks again */
    wefti_store_relaxed(&wefti_cpus_to_spin, wefti_cpus_of_process());
    have_key = pthread_key_create(&key, detach) == 0;
}

wefti_strand *wefti_attach(void) {
    if (pthread_once(&once, begin) != 0 || !have_key) return NULL;
    wefti_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL) return NULL;
    if (pthread_setspecific(key, thread) != 0) {
        free(thread);
        return NULL;
    }
    thread->patience = WEFTI_FIRST_PATIENCE;
    wefti_forks_init(&thread->forks);
    thread->strand.forks = &thread->forks;
    wefti_bindings_adopt(&thread->strand);
    wefti_strand_now = &thread->strand;
    return &thread->strand;
}

void *wefti_fail(weft_status status) {
    wefti_strand *self = wefti_strand_self();
    if (self != NULL)
        self->last_status = status;
    else
        bare_status = status;
    return NULL;
}

weft_status weft_last_status(void) {
    wefti_strand *self = wefti_strand_now;
    return self != NULL ? self->last_status : bare_status;
}
