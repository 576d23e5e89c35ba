#include "analysis/base/text.h"

#include "analysis/base/alloc.h"

#include <stdbool.h>
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

/* The length of the UTF-8 character at `s`, 0 when there is none in the `left` bytes. */
static size_t character(const unsigned char *s, size_t left) {
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : 4;
    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0, beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : len;
}

char *base_text_utf8(const char *text, size_t *len) {
    char *out = base_alloc(*len * 3 + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < *len;) {
        size_t step = character((const unsigned char *)text + i, *len - i);
        memcpy(out + n, step ? text + i : "\xef\xbf\xbd", step ? step : 3);
        n += step ? step : 3;
        i += step ? step : 1;
    }
    *len = n;
    return out;
}
