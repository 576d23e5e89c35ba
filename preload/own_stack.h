/* For signal handlers that run on a small stack of their own and end the process. */
#ifndef PRELOAD_OWN_STACK_H
#define PRELOAD_OWN_STACK_H

/* Calls the function; where this is a small signal stack, on a stack of the recorder's own, on which only one thread is
 * at a time: then nothing is done on another. */
void preload_on_own_stack(void (*function)(void *argument), void *argument);

#endif
