/* Invariants: conditions that hold for every input. They are checked where MOETRACE_ASSERT is defined: in unit tests, in
 * fuzz targets, under sanitizers and with `make ASSERT=1`. In a release they cost nothing. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include <stdbool.h>

#ifdef MOETRACE_ASSERT
#define BASE_ASSERT(condition) ((condition) ? (void)0 : base_assert_failed(#condition, __FILE__, __LINE__))
#else
#define BASE_ASSERT(condition) ((void)(true || (condition)))
#endif

/* Prints the condition and its source location on stderr, and aborts. */
_Noreturn void base_assert_failed(const char *condition, const char *file, int line);

#endif
