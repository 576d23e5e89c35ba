#include "analysis/base/text.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <stdbool.h>
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
