/* What could not be recorded: kept in the trace, and said on standard error. */
#ifndef PRELOAD_WARN_ONCE_H
#define PRELOAD_WARN_ONCE_H

/* Remembers what standard error is. Called once, from the library's constructor. */
void preload_warn_init(void);
/* Something that could not be recorded: said once for each `topic`. */
void preload_warn_once(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
