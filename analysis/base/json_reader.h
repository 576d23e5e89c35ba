/* JSON (RFC 8259) as a stream of tokens, in memory independent of the file's size and nesting. */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Longest text in bytes that is stored; the rest of a longer one is skipped. */
#define BASE_JSON_TEXT 65535

typedef enum {
    BASE_JSON_END,   /* end of file */
    BASE_JSON_ERROR, /* invalid JSON; every later call returns it again */
    BASE_JSON_OPEN,  /* { or [ */
    BASE_JSON_CLOSE,
    BASE_JSON_TEXT_TOKEN,
    BASE_JSON_WORD, /* a number, true, false, null */
    BASE_JSON_COLON,
    BASE_JSON_COMMA,
} base_json_token;

/* The caller sets `file` and zeroes the rest. */
typedef struct {
    FILE *file;
    char text[BASE_JSON_TEXT + 8]; /* of a TEXT (unescaped) or WORD token, NUL-terminated */
    size_t len;                    /* of text, in bytes */
    uint64_t depth, read;          /* number of open brackets; bytes read */
    char bracket;                  /* of an OPEN or CLOSE token */
    bool failed;
} base_json;

/* Reads the next token. Only tokens and the nesting of brackets are checked; the caller checks their order. */
base_json_token base_json_next(base_json *j);

/* Skips the rest of a value whose first token was `first`. False when the file ends or is invalid inside the value. */
bool base_json_skip(base_json *j, base_json_token first);

/* Stores the decimal number in `text` times 1000, rounded to the nearest integer: converts microseconds to nanoseconds
 * without the rounding of doubles. False when the text is not a number or the result does not fit. */
bool base_json_thousandths(const char *text, int64_t *value);

#endif
