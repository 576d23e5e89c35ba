/* One failure, carried by return value to main(), the one place that reports it. */
#ifndef NATIVE_ERROR_H
#define NATIVE_ERROR_H

#include <stdbool.h>

enum {
    NATIVE_EXIT_FAILED = 1, /* something broke while running */
    NATIVE_EXIT_INPUT = 2,  /* what the user gave cannot be used */
};

typedef struct {
    int status;      /* exit status to end with; 0: nothing failed */
    char text[1024]; /* one line: what, where, how to fix it */
} native_error;

/* Writes the line and the exit status, unless an earlier failure already stands there. Always returns false,
 * so that `return native_fail(...)` reads well. */
bool native_fail(native_error *error, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
