/* Formats a failure once; see error.h. */
#include "native/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The length of the UTF-8 character at `s`, which ends with a zero byte, and its code; 0 when it is none. */
static size_t decode_character(const unsigned char *s, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = 1;
    if (s[0] >= 0x80) {
        length = (size_t)(s[0] >= 0xc2) + (s[0] >= 0xe0) + (s[0] >= 0xf0) + 1;
    }
    if ((s[0] >= 0x80 && length == 1) || s[0] > 0xf4) {
        return 0;
    }
    *code = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    bool valid = *code >= least[length] && *code <= 0x10ffff && (*code < 0xd800 || *code >= 0xe000);
    return valid ? length : 0;
}

/* Whether a terminal would obey it, or another line begin: controls (C0, C1), marks of direction and of lines. */
static bool is_control(uint32_t code) {
    bool direction = code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
                     (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || direction || code == 0x2028 || code == 0x2029;
}

/* Names of files and tensors are data: what is no character, or none to print, becomes '?'. */
static void make_printable(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        uint32_t code = 0;
        size_t length = decode_character((const unsigned char *)from, &code);
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
    make_printable(error->text);
    return false;
}
