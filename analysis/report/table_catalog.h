/* The tables of the report: their ids, the sections that group them, and a choice of them. */
#ifndef REPORT_TABLE_CATALOG_H
#define REPORT_TABLE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *id;
    const char *section;
    const char *content; /* what its rows are, for people */
} report_catalog_entry;

/* The entry `index`, in the order of the report; NULL behind the last one. */
const report_catalog_entry *report_catalog(size_t index);

/* Returns the index of the table `id`, or SIZE_MAX. */
size_t report_catalog_find(const char *id);

/* Tables by their place in the catalog. A zeroed one has none. */
#define REPORT_CATALOG_MAX 64
typedef struct {
    bool has[REPORT_CATALOG_MAX];
    size_t count; /* of names that were added */
} report_selection;

/* Adds the tables of the report's section `name`, or else its table of that id. Returns false if there is neither. */
bool report_selection_add(report_selection *selection, const char *name);

/* Adds the report's table `id` alone. Returns false if there is none. */
bool report_selection_add_table(report_selection *selection, const char *id);

/* Returns whether the table `id` is among them. */
bool report_selection_has(const report_selection *selection, const char *id);

#endif
