/* Formats a failure once; see error.h. */
#include "native/error.h"

#include <stdarg.h>
#include <stdio.h>

bool native_fail(native_error *error, int status, const char *format, ...) {
    if (error->status != 0) {
        return false;
    }
    error->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    for (char *c = error->text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') {
            *c = ' ';
        }
    }
    return false;
}
