/* UTF-8 (RFC 3629). */
#ifndef NATIVE_UTF8_H
#define NATIVE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Returns the length in bytes of the character at `s`, of which `room` bytes may be read, and stores its code. 0: no complete and
 * valid character. */
size_t native_utf8_decode(const unsigned char *s, size_t room, uint32_t *code);

#endif
