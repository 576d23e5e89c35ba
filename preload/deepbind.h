/* Libraries that the target opens with RTLD_DEEPBIND: they call the C library's and CUDA's functions instead of the recorder's,
 * so their calls are not recorded. The recorder warns about it. */
#ifndef PRELOAD_DEEPBIND_H
#define PRELOAD_DEEPBIND_H

/* Call when a library is opened with RTLD_DEEPBIND. */
void preload_deepbind_seen(void);
/* Call at the end: warns about such a library if its calls would have been recorded. */
void preload_deepbind_check(void);

#endif
