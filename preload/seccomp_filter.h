/* What a filter of system calls (seccomp) that the target is about to install will do. */
#ifndef PRELOAD_SECCOMP_FILTER_H
#define PRELOAD_SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Whether the filter lets a call of this number through. The arguments are taken to be 0. */
bool preload_seccomp_allows(const struct sock_fprog *filter, int number);

#endif
