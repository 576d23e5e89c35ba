/* A larger stack, for signal handlers that run on a small alternate stack and end the process. */
#ifndef PRELOAD_OWN_STACK_H
#define PRELOAD_OWN_STACK_H

/* Calls function(argument); from a small signal stack, on a stack of the recorder. Only one thread can use that stack at a time:
 * the function is not called on another. */
void preload_on_own_stack(void (*function)(void *argument), void *argument);

#endif
