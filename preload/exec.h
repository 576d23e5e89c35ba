/* Interposed functions that end a program without its exit handlers: exec and quick_exit. */
#ifndef PRELOAD_EXEC_H
#define PRELOAD_EXEC_H

/* Looks up the C library's functions, because a fork's child must not call the dynamic linker. Called once, from the library's
 * constructor. */
void preload_exec_init(void);

#endif
