#include "analysis/base/text.h"

#include "analysis/base/alloc.h"
#include "analysis/base/utf8.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool continues(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t base_text_width(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += !continues(*text);
    }
    return n;
}

const char *base_text_skip(const char *text, size_t n) {
    while (*text && n > 0) {
        text++;
        while (continues(*text)) {
            text++;
        }
        n--;
    }
    return text;
}

char *base_text_shorten(const char *text, size_t width) {
    size_t has = base_text_width(text);
    if (has <= width) {
        return base_copy(text, strlen(text));
    }
    size_t keep = width > 3 ? width - 3 : 0, head = keep - keep / 5; /* names differ early */
    const char *cut = base_text_skip(text, head), *tail = base_text_skip(text, has - (keep - head));
    char *out = base_alloc((size_t)(cut - text) + 3 + strlen(tail) + 1, 1);
    memcpy(out, text, (size_t)(cut - text));
    memcpy(out + (cut - text), "...", 3);
    memcpy(out + (cut - text) + 3, tail, strlen(tail));
    return out;
}

const char *base_text_count(char buf[32], uint64_t n) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, n), used = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            buf[used++] = ',';
        }
        buf[used++] = digits[i];
    }
    buf[used] = '\0';
    return buf;
}

bool base_text_is_control(uint32_t code) {
    bool direction = code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
                     (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    bool line = code == 0x2028 || code == 0x2029;
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || direction || line;
}

char *base_text_printable(const char *text, size_t len) {
    char *clean = base_utf8_clean(text, &len);
    size_t to = 0;
    for (size_t from = 0; from < len;) {
        uint32_t code;
        size_t bytes = base_utf8_decode(clean + from, len - from, &code);
        if (base_text_is_control(code)) {
            clean[to++] = '?';
        } else {
            memmove(clean + to, clean + from, bytes);
            to += bytes;
        }
        from += bytes;
    }
    clean[to] = '\0';
    return clean;
}
