/* Paths of ranges as reports list them: names from the outermost to the innermost, with numbers replaced by a star, so that
 * layer.3 and layer.4 share a path. A path is identified by its index; 0 is the empty path. */
#ifndef METRICS_RANGE_PATHS_H
#define METRICS_RANGE_PATHS_H

#include "analysis/names/name_table.h"

typedef struct {
    uint32_t parent; /* a lower index */
    uint32_t name;   /* index in `names` */
} metrics_range_path;

/* To be zeroed and passed to metrics_range_paths_init. */
typedef struct {
    metrics_range_path *list;
    size_t count, cap;
    names_table names;
    base_map by_name; /* parent and name -> list */
} metrics_range_paths;

void metrics_range_paths_init(metrics_range_paths *paths);

/* Returns the path, added if it is new, of a range `name` inside one with path `parent`. */
uint32_t metrics_range_paths_child(metrics_range_paths *paths, uint32_t parent, const names_entry *name);

/* Returns the text of a path, names separated by slashes, of any length. The caller frees it. */
char *metrics_range_paths_text(const metrics_range_paths *paths, uint32_t path);

void metrics_range_paths_free(metrics_range_paths *paths);

#endif
