/* JSON as a stream of tokens, in bounded memory however deep or long the file is. */
#ifndef ANALYSIS_IMPORT_JSON_H
#define ANALYSIS_IMPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Longest text that is kept; the rest of a longer one is passed over. */
#define ANALYSIS_JSON_TEXT 65535

typedef enum {
    ANALYSIS_JSON_END,   /* of the file */
    ANALYSIS_JSON_ERROR, /* no JSON here; stays */
    ANALYSIS_JSON_OPEN,  /* { or [ */
    ANALYSIS_JSON_CLOSE,
    ANALYSIS_JSON_TEXT_TOKEN,
    ANALYSIS_JSON_WORD, /* a number, true, false, null */
    ANALYSIS_JSON_COLON,
    ANALYSIS_JSON_COMMA,
} analysis_json_token;

/* Set `file`; the rest is zero at first. */
typedef struct {
    FILE *file;
    char text[ANALYSIS_JSON_TEXT + 8]; /* of a TEXT or WORD token, with a terminator */
    size_t len;
    uint64_t depth, read; /* brackets that are open; bytes read */
    char bracket;         /* of OPEN and CLOSE */
    bool failed;
} analysis_json;

analysis_json_token analysis_json_next(analysis_json *j);

/* Passes over the rest of a value whose first token was `first`. False when the file ends inside it. */
bool analysis_json_skip(analysis_json *j, analysis_json_token first);

/* The number in the text times 1000, rounded: microseconds as nanoseconds. False when it is no such number.
 */
bool analysis_json_thousandths(const char *text, int64_t *value);

#endif
