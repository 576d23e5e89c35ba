/* An error, passed by return values to main(), which reports it. */
#ifndef NATIVE_ERROR_H
#define NATIVE_ERROR_H

#include <stdbool.h>

enum {
    NATIVE_EXIT_FAILED = 1, /* a failure during the run */
    NATIVE_EXIT_INPUT = 2,  /* invalid input or options */
};

typedef struct {
    int status;      /* exit status; 0: no error */
    char text[1024]; /* one line: what, where, what to do */
} native_error;

/* Sets the text and the exit status, unless an error is set already. Names in the text may be anything: what a
 * terminal would obey, and bytes that are not UTF-8, become '?'. Always returns false, for `return native_fail(...)`. */
bool native_fail(native_error *error, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Replaces what a terminal would obey, and bytes that are not UTF-8, by '?'. */
void native_make_printable(char *text);

/* Prints one line on standard error, with the same replacements: for a list that precedes an error, and for what a user should
 * know though the run goes on. */
void native_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
