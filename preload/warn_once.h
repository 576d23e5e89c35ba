/* Warnings about what could not be recorded: stored in the trace as META entries, and printed on standard error. */
#ifndef PRELOAD_WARN_ONCE_H
#define PRELOAD_WARN_ONCE_H

/* Stores the identity of standard error. Called once, from the library's constructor. */
void preload_warn_init(void);
/* Warns once per `topic`: one line. */
void preload_warn_once(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
