/* The recorder's life in a process: idle until the first event, then recording, then stopped. What every part of the
 * recorder asks; recorder.h moves it on. */
#ifndef PRELOAD_RECORDER_STATE_H
#define PRELOAD_RECORDER_STATE_H

#include "preload/settings.h"
#include "preload/thread.h"

#include <stdatomic.h>
#include <stdbool.h>

/* ALONE: recording, with no thread of the recorder's own yet. */
enum { PRELOAD_IDLE, PRELOAD_STARTING, PRELOAD_ALONE, PRELOAD_RECORDING, PRELOAD_STOPPED };

/* For recorder.c, which moves it on. */
extern atomic_int preload_recorder_state;

/* move_on: from idle or alone, with this thread; at_exit: the process exits; late: the thread that exits has an event after
 * the recording's end. */
void preload_recorder_state_init(void (*move_on)(preload_thread *t), void (*at_exit)(void),
                                 void (*late)(void));

/* This thread's stream, ready to be appended to; NULL when nothing is recorded. The first call starts the
 * writer. */
preload_thread *preload_recorder_thread(void);
/* The same if the recording has begun: what cannot be recorded is no reason to begin it. */
preload_thread *preload_recorder_thread_if_begun(void);
bool preload_recorder_stopped(void);
preload_settings *preload_recorder_settings(void);
/* What is being recorded. */
preload_level preload_recorder_level(void);
/* CUDA was used: registers at_exit. Exit handlers run in the reverse order of their registration. */
void preload_recorder_register_exit(void);
/* The recording has ended, on the thread that exits. */
void preload_recorder_exits_here(void);

#endif
