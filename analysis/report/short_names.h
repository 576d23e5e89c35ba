/* Short forms of texts, and which of them stand for more than one text. */
#ifndef REPORT_SHORT_NAMES_H
#define REPORT_SHORT_NAMES_H

#include "analysis/names/name_table.h"

#include <stdbool.h>

/* A zeroed one is empty. */
typedef struct {
    names_table shorts, wholes;
    base_map whole_of; /* short -> the whole text that it stood for first */
    base_map shared;   /* short -> 1: it stands for several */
} report_short_names;

void report_short_names_add(report_short_names *s, const char *shortened, const char *whole);

/* Whether `shortened` stands for more than one text. */
bool report_short_names_shared(const report_short_names *s, const char *shortened);

void report_short_names_free(report_short_names *s);

/* Each of `count` texts shortened to `width` columns; different ones never look alike: those that would are not
 * shortened. The texts and the list are the caller's. */
char **report_shorten_texts(const char *const *texts, size_t count, size_t width);

#endif
