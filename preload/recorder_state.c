/* See recorder_state.h. */
#include "preload/recorder_state.h"

#include <stdlib.h>

atomic_int preload_recorder_state;

static preload_settings recorder_settings;
static void (*move_recorder_on)(preload_thread *t);
static void (*end_gpu_at_exit)(void);
static void (*count_late_event)(void);
static __thread bool exits_here;

void preload_recorder_state_init(void (*move_on)(preload_thread *t), void (*at_exit)(void),
                                 void (*late)(void)) {
    move_recorder_on = move_on;
    end_gpu_at_exit = at_exit;
    count_late_event = late;
}

preload_settings *preload_recorder_settings(void) {
    return &recorder_settings;
}

bool preload_recorder_stopped(void) {
    return atomic_load(&preload_recorder_state) == PRELOAD_STOPPED;
}

preload_level preload_recorder_level(void) {
    return recorder_settings.level;
}

preload_thread *preload_recorder_thread(void) {
    int state = atomic_load_explicit(&preload_recorder_state, memory_order_relaxed);
    if (state == PRELOAD_STOPPED) {
        if (exits_here) {
            count_late_event();
        }
        return NULL;
    }
    preload_thread *t = preload_thread_self();
    if (t && state != PRELOAD_RECORDING) {
        move_recorder_on(t);
    }
    if (t && t->driver_call) {
        preload_thread_end_cut_call(t);
    }
    return t;
}

preload_thread *preload_recorder_thread_if_begun(void) {
    return atomic_load(&preload_recorder_state) == PRELOAD_IDLE ? NULL : preload_recorder_thread();
}

void preload_recorder_register_exit(void) {
    atexit(end_gpu_at_exit);
}

void preload_recorder_exits_here(void) {
    exits_here = true;
}
