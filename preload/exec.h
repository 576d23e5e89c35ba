/* The ends of a program that run no exit handler: exec and quick_exit. */
#ifndef PRELOAD_EXEC_H
#define PRELOAD_EXEC_H

/* Looks the C library's functions up: a child of fork may not ask the dynamic linker. Called once, from the
 * library's constructor. */
void preload_exec_init(void);

#endif
