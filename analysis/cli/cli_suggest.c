/* See cli_suggest.h. */
#include "analysis/cli/cli_suggest.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 63 /* nobody mistypes a longer word into one of ours */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t cli_edit_distance(const char *text, size_t len, const char *word) {
    size_t rows[3][LONGEST + 1], word_len = strlen(word);
    if (len > LONGEST || word_len > LONGEST) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= word_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= len; i++) {
        const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        size_t *row = rows[i % 3];
        row[0] = i;
        for (size_t j = 1; j <= word_len; j++) {
            row[j] = least(above[j - 1] + (text[i - 1] != word[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && text[i - 1] == word[j - 2] && text[i - 2] == word[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[len % 3][word_len];
}

void cli_suggest(cli_suggestion *suggestion, const char *word) {
    size_t distance = cli_edit_distance(suggestion->text, suggestion->len, word);
    if (suggestion->len >= 2 && strncmp(suggestion->text, word, suggestion->len) == 0) {
        distance = 1;
    }
    size_t most = suggestion->len < 6 ? 1 : suggestion->len / 3;
    if (distance <= most && suggestion->len >= 2 && (!suggestion->best || distance < suggestion->distance)) {
        suggestion->best = word;
        suggestion->distance = distance;
    }
}
