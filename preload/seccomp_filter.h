/* What a filter of system calls (seccomp) that the target is about to install will do. */
#ifndef PRELOAD_SECCOMP_FILTER_H
#define PRELOAD_SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Whether the kernel would look at the filter at all: programs that ask whether filters exist pass NULL. */
bool preload_seccomp_may_install(const struct sock_fprog *filter);

/* Whether a filter that may be installed lets a call of this number through. The arguments are taken to be 0. */
bool preload_seccomp_allows(const struct sock_fprog *filter, int number);

#endif
