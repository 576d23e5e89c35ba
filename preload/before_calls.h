/* Interposed functions of the C library that the recorder must prepare for before they run: loading of libraries, giving up
 * rights, unsharing of namespaces. */
#ifndef PRELOAD_BEFORE_CALLS_H
#define PRELOAD_BEFORE_CALLS_H

/* Looks up the real functions. Called once, from the library's constructor. */
void preload_before_calls_init(void);

#endif
