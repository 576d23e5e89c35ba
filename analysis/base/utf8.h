/* UTF-8 (RFC 3629): decoding, encoding and repair. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the beginning of `left` bytes: returns its length in bytes, 1 to 4, and stores its code point
 * in *code if `code` is not NULL. Returns 0 when the bytes do not begin with a valid character. */
size_t base_utf8_decode(const char *text, size_t left, uint32_t *code);

/* Encodes a code point below 0x110000; returns its length in bytes, 1 to 4. A surrogate is encoded as U+FFFD. */
size_t base_utf8_encode(char out[4], uint32_t code);

/* Returns a NUL-terminated copy of *len bytes in which each byte that is not valid UTF-8 is replaced by U+FFFD, and
 * stores its length in *len. The caller frees it. */
char *base_utf8_clean(const char *text, size_t *len);

#endif
