/* Calls of the C library that the recorder must know of before they are made. */
#ifndef PRELOAD_BEFORE_CALLS_H
#define PRELOAD_BEFORE_CALLS_H

/* From the library's constructor. */
void preload_before_calls_init(void);

#endif
