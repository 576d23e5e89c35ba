/* UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF. */
#include "analysis/base/utf8.h"

#include "analysis/base/alloc.h"

#include <string.h>

/* The length that the first byte announces; 0 when no character begins with it. */
static size_t announced_length(unsigned char first) {
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    return first < 0xf0 ? 3 : 4;
}

size_t base_utf8_decode(const char *text, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t len = left > 0 ? announced_length(s[0]) : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    uint32_t value = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (s[i] & 0x3fu);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
        return 0;
    }
    if (code) {
        *code = value;
    }
    return len;
}

size_t base_utf8_encode(char out[4], uint32_t code) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        code = 0xfffd;
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = 2 + (code >= 0x800) + (code >= 0x10000);
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(0xff00u >> len | code);
    return len;
}

char *base_utf8_clean(const char *text, size_t *len) {
    char *out = base_alloc(*len * 3 + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < *len;) {
        size_t step = base_utf8_decode(text + i, *len - i, NULL);
        memcpy(out + n, step ? text + i : "\xef\xbf\xbd", step ? step : 3);
        n += step ? step : 3;
        i += step ? step : 1;
    }
    *len = n;
    return out;
}
