/* Predicts the effect of a filter of system calls (seccomp) before the target installs it. */
#ifndef PRELOAD_SECCOMP_FILTER_H
#define PRELOAD_SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Returns whether the kernel may accept the filter: programs that test whether filters are supported pass NULL. */
bool preload_seccomp_may_install(const struct sock_fprog *filter);

/* Returns whether the filter, for which preload_seccomp_may_install is true, allows the system call with this number and
 * arguments of 0. */
bool preload_seccomp_allows(const struct sock_fprog *filter, int number);

/* Returns whether this system call is allowed or fails with an error: it ends nothing. */
bool preload_seccomp_tolerates(const struct sock_fprog *filter, int number);

#endif
