/* Shortened texts, kept unambiguous: detects shortened forms that several texts share. */
#ifndef REPORT_SHORT_NAMES_H
#define REPORT_SHORT_NAMES_H

#include "analysis/names/name_table.h"

#include <stdbool.h>

/* A zeroed one is empty. */
typedef struct {
    names_table shorts, wholes;
    base_map whole_of; /* shortened form -> its first full text */
    base_map shared;   /* shortened form -> 1 if it has several full texts */
} report_short_names;

/* Adds the shortened form of a text. */
void report_short_names_add(report_short_names *s, const char *shortened, const char *whole);

/* Returns whether several texts have this shortened form. */
bool report_short_names_shared(const report_short_names *s, const char *shortened);

void report_short_names_free(report_short_names *s);

/* Returns a list of `count` texts shortened to `width` columns; texts whose shortened forms would be equal are not
 * shortened. The caller frees the texts and the list. */
char **report_shorten_texts(const char *const *texts, size_t count, size_t width);

#endif
