/* JSON as a stream of tokens, in bounded memory however deep or long the file is. */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Longest text that is kept; the rest of a longer one is passed over. */
#define BASE_JSON_TEXT 65535

typedef enum {
    BASE_JSON_END,   /* of the file */
    BASE_JSON_ERROR, /* no JSON here; stays */
    BASE_JSON_OPEN,  /* { or [ */
    BASE_JSON_CLOSE,
    BASE_JSON_TEXT_TOKEN,
    BASE_JSON_WORD, /* a number, true, false, null */
    BASE_JSON_COLON,
    BASE_JSON_COMMA,
} base_json_token;

/* Set `file`; the rest is zero at first. */
typedef struct {
    FILE *file;
    char text[BASE_JSON_TEXT + 8]; /* of a TEXT or WORD token, with a terminator */
    size_t len;
    uint64_t depth, read; /* brackets that are open; bytes read */
    char bracket;         /* of OPEN and CLOSE */
    bool failed;
} base_json;

base_json_token base_json_next(base_json *j);

/* Passes over the rest of a value whose first token was `first`. False when the file ends inside it. */
bool base_json_skip(base_json *j, base_json_token first);

/* The number in the text times 1000, rounded: microseconds as nanoseconds. False when it is no such
 * number. */
bool base_json_thousandths(const char *text, int64_t *value);

#endif
