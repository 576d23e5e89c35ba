/* "Did you mean": the known word that a mistyped one is closest to. */
#ifndef CLI_CLI_SUGGEST_H
#define CLI_CLI_SUGGEST_H

#include <stddef.h>

typedef struct {
    const char *text; /* what was typed, `len` characters of it */
    size_t len;
    const char *best; /* the closest word so far; NULL while none is close */
    size_t distance;
} cli_suggestion;

/* Changes of one character, or of two neighbours' order, that make `word` of the first `len` characters of
 * `text`. */
size_t cli_edit_distance(const char *text, size_t len, const char *word);

/* Considers a known word; of words that are equally close the first one stays. A word is close when at most one
 * character in three is wrong, or when the text, of two characters or more, is its beginning. */
void cli_suggest(cli_suggestion *suggestion, const char *word);

#endif
