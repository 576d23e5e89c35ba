/* Waking, sleeping and stopping of the writer thread. */
#ifndef PRELOAD_WRITER_WAKE_H
#define PRELOAD_WRITER_WAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Wakes the writer early, because much is pending. Any thread. */
void preload_writer_wake(void);

/* For the writer: before its thread starts, and when it starts or ends. */
void preload_writer_wake_init(void);
void preload_writer_wake_running(bool running);
/* Sleeps for `ns`, or until it is woken. Returns true when the thread is to stop. */
bool preload_writer_sleep(uint64_t ns);
/* Requests the thread to stop, unless the lock is held. */
void preload_writer_wake_stop(void);
void preload_writer_wake_after_fork(void);

#endif
