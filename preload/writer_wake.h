/* Wakes, suspends and stops the writer thread. */
#ifndef PRELOAD_WRITER_WAKE_H
#define PRELOAD_WRITER_WAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Wakes the writer early, because much is pending. Any thread. */
void preload_writer_wake(void);

/* For the writer: preload_writer_wake_init before its thread starts, preload_writer_wake_running when it starts and ends. */
void preload_writer_wake_init(void);
void preload_writer_wake_running(bool running);
/* Sleeps for `ns`, or until it is woken. Returns true when the thread is to stop. */
bool preload_writer_sleep(uint64_t ns);
/* Requests the thread to stop, unless the lock is held. */
void preload_writer_wake_stop(void);
/* After fork in the child: initialises everything again. */
void preload_writer_wake_after_fork(void);

#endif
