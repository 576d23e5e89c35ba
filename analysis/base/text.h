/* Text as people see it: width, shortening, large counts. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns that the text takes, one a UTF-8 character. */
size_t base_text_width(const char *text);

/* The byte behind the first n characters of `text`. */
const char *base_text_skip(const char *text, size_t n);

/* Whether a terminal or a reader would do something else with the character than show it. */
bool base_text_is_control(uint32_t code);

/* A copy that is safe to print anywhere: each byte that is not UTF-8 is U+FFFD; control characters (C0, DEL, C1) and those
 * that change the direction of writing are "?". The caller frees it. */
char *base_text_printable(const char *text, size_t len);

/* The text shortened to `width` columns with "..." in its middle; the caller frees it. */
char *base_text_shorten(const char *text, size_t width);

/* A count with a comma before every three digits: "13,986". */
const char *base_text_count(char buf[32], uint64_t n);

#endif
