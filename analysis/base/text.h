/* Text for terminals and tables: width, shortening, control characters, counts. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the width of the text in columns: one per UTF-8 character. */
size_t base_text_width(const char *text);

/* Returns the position after the first `n` characters of `text`, or its end. */
const char *base_text_skip(const char *text, size_t n);

/* Returns whether the character controls a terminal or the writing direction: C0, DEL, C1, line separators, bidirectional
 * controls. */
bool base_text_is_control(uint32_t code);

/* Returns a copy of `len` bytes that is safe to print: each byte that is not valid UTF-8 becomes U+FFFD, and each control
 * character (base_text_is_control) "?". The caller frees it. */
char *base_text_printable(const char *text, size_t len);

/* Returns the text, with "..." in its middle if it is wider than `width` columns; the caller frees it. */
char *base_text_shorten(const char *text, size_t width);

/* Formats a count with thousands separators ("13,986"); returns `buf`. */
const char *base_text_count(char buf[32], uint64_t n);

#endif
