/* UTF-8; see utf8.h. */
#include "native/utf8.h"

#include <stdbool.h>

size_t native_utf8_decode(const unsigned char *s, size_t room, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = 1;
    if (room == 0 || s[0] > 0xf4) {
        return 0;
    }
    if (s[0] >= 0x80) {
        length = (size_t)(s[0] >= 0xc2) + (s[0] >= 0xe0) + (s[0] >= 0xf0) + 1;
    }
    if ((s[0] >= 0x80 && length == 1) || length > room) {
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
