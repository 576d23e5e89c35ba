/* Libraries that the target opens with RTLD_DEEPBIND find the C library's and CUDA's functions before the
 * recorder's: what they do is not recorded, and that is said. */
#ifndef PRELOAD_DEEPBIND_H
#define PRELOAD_DEEPBIND_H

/* A library is opened so. */
void preload_deepbind_seen(void);
/* At the end: says which library was out of reach, if one would have been recorded. */
void preload_deepbind_check(void);

#endif
