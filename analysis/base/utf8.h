/* UTF-8: reading, writing and repairing it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the UTF-8 character at the beginning of `left` bytes, and its code point in *code unless that
 * is NULL; 0 when they do not begin with one. */
size_t base_utf8_decode(const char *text, size_t left, uint32_t *code);

/* Writes a code point below 0x110000 as UTF-8; returns its length. Half of a surrogate pair is none, and is
 * written as U+FFFD. */
size_t base_utf8_encode(char out[4], uint32_t code);

/* A copy of the text, with a terminator, in which each byte that is not UTF-8 is U+FFFD; *len becomes its
 * length. The caller frees it. */
char *base_utf8_clean(const char *text, size_t *len);

#endif
