/* Suggestions for mistyped words ("did you mean"): the closest known word. */
#ifndef CLI_CLI_SUGGEST_H
#define CLI_CLI_SUGGEST_H

#include <stddef.h>

typedef struct {
    const char *text; /* the mistyped word, `len` characters */
    size_t len;
    const char *best; /* the closest word so far; NULL: none is close */
    size_t distance;
} cli_suggestion;

/* Returns the edit distance of `word` and the first `len` characters of `text`: insertions, deletions, substitutions, and swaps of
 * neighbours (optimal string alignment). */
size_t cli_edit_distance(const char *text, size_t len, const char *word);

/* Considers a known word. Of equally close words, the first is kept. A word is close when at most one character in three is
 * wrong, or when the text, of at least two characters, is its beginning. */
void cli_suggest(cli_suggestion *suggestion, const char *word);

#endif
