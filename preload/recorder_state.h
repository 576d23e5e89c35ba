/* The recorder's state in a process: idle until the first event, then recording, then stopped. All parts of the recorder query
 * it; recorder.h changes it. */
#ifndef PRELOAD_RECORDER_STATE_H
#define PRELOAD_RECORDER_STATE_H

#include "preload/settings.h"
#include "preload/thread.h"

#include <stdatomic.h>
#include <stdbool.h>

/* ALONE: recording, without the writer's thread. */
enum { PRELOAD_IDLE, PRELOAD_STARTING, PRELOAD_ALONE, PRELOAD_RECORDING, PRELOAD_STOPPED };

/* The current state; only recorder.c changes it. */
extern atomic_int preload_recorder_state;

/* Sets callbacks: `move_on` leaves the state IDLE or ALONE, on the calling thread; `at_exit` is the exit handler; `late` is
 * called when the exiting thread has an event after the end of the recording. */
void preload_recorder_state_init(void (*move_on)(preload_thread *t), void (*at_exit)(void),
                                 void (*late)(void));

/* Returns this thread's stream; NULL when nothing is recorded. The first call begins the recording. */
preload_thread *preload_recorder_thread(void);
/* Returns this thread's stream if the recording has begun, else NULL; does not begin it. */
preload_thread *preload_recorder_thread_if_begun(void);
/* Returns whether the recording has ended. */
bool preload_recorder_stopped(void);
/* Returns the settings of this process. */
preload_settings *preload_recorder_settings(void);
/* Returns the level at which events are recorded. */
preload_level preload_recorder_level(void);
/* Registers at_exit, once CUDA was used: exit handlers run in the reverse order of their registration. */
void preload_recorder_register_exit(void);
/* Call when the recording has ended on the thread that exits. */
void preload_recorder_exits_here(void);

#endif
