/* Formats a failure once; see error.h. */
#include "native/error.h"

#include "native/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whether a terminal would obey it, or another line begin: controls (C0, C1), marks of direction and of lines. */
static bool is_control(uint32_t code) {
    bool direction = code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
                     (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || direction || code == 0x2028 || code == 0x2029;
}

/* Names of files and tensors are data: what is no character, or none to print, becomes '?'. */
void native_make_printable(char *text) {
    char *to = text;
    const char *end = text + strlen(text);
    for (const char *from = text; from < end;) {
        uint32_t code = 0;
        size_t length = native_utf8_decode((const unsigned char *)from, (size_t)(end - from), &code);
        if (length == 0 || is_control(code)) {
            *to++ = '?';
            from += length == 0 ? 1 : length;
            continue;
        }
        for (size_t i = 0; i < length; i++) {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

bool native_fail(native_error *error, int status, const char *format, ...) {
    if (error->status != 0) {
        return false;
    }
    error->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    /* libtorch's messages have several lines. */
    for (char *c = error->text; *c != '\0'; c++) {
        *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    }
    native_make_printable(error->text);
    return false;
}

void native_warn(const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    native_make_printable(text);
    fprintf(stderr, "run_native: %s\n", text);
}
