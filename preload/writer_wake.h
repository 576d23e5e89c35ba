/* What the writer thread sleeps on. */
#ifndef PRELOAD_WRITER_WAKE_H
#define PRELOAD_WRITER_WAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Wakes the writer before its time: something big waits. Any thread. */
void preload_writer_wake(void);

/* For the writer. Before its thread is made; when it is there. */
void preload_writer_wake_init(void);
void preload_writer_wake_running(bool running);
/* Sleeps this long, or until it is woken. True: it is to stop. */
bool preload_writer_sleep(uint64_t ns);
/* Tells the thread to stop, unless somebody holds the lock. */
void preload_writer_wake_stop(void);
void preload_writer_wake_after_fork(void);

#endif
