#include "analysis/metrics/range_paths.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

void metrics_range_paths_init(metrics_range_paths *paths) {
    memset(paths, 0, sizeof *paths);
    paths->list = base_grow(paths->list, &paths->cap, 1, sizeof *paths->list);
    paths->list[0] = (metrics_range_path){0, names_intern(&paths->names, "", 0)};
    paths->count = 1;
}

/* The name with a star for each number, and without bytes 0. */
static char *replace_numbers(const names_entry *name, size_t *len) {
    char *out = base_alloc(name->len + 1, 1);
    *len = 0;
    for (size_t i = 0; i < name->len; i++) {
        char c = name->text[i];
        if (c < '0' || c > '9') {
            out[(*len)++] = (char)(c ? c : '?');
        } else if (*len == 0 || out[*len - 1] != '*') {
            out[(*len)++] = '*';
        }
    }
    return out;
}

uint32_t metrics_range_paths_child(metrics_range_paths *paths, uint32_t parent, const names_entry *name) {
    size_t len;
    char *text = replace_numbers(name, &len);
    uint32_t in_names = names_intern(&paths->names, text, len);
    free(text);
    uint64_t key = (uint64_t)parent << 32 | in_names;
    uint32_t at = base_map_get(&paths->by_name, key);
    if (at == BASE_NONE) {
        at = (uint32_t)paths->count;
        paths->list = base_grow(paths->list, &paths->cap, paths->count + 1, sizeof *paths->list);
        paths->list[paths->count++] = (metrics_range_path){parent, in_names};
        base_map_put(&paths->by_name, key, at);
    }
    return at;
}

char *metrics_range_paths_text(const metrics_range_paths *paths, uint32_t path) {
    size_t len = 0;
    for (uint32_t at = path; at != 0; at = paths->list[at].parent) {
        len += paths->names.list[paths->list[at].name].len + 1;
    }
    char *text = base_alloc(len + 1, 1);
    for (uint32_t at = path; at != 0; at = paths->list[at].parent) {
        const names_entry *name = &paths->names.list[paths->list[at].name];
        text[--len] = '/';
        len -= name->len;
        memcpy(text + len, name->text, name->len);
    }
    text[path == 0 ? 0 : strlen(text) - 1] = '\0'; /* without the last slash */
    return text;
}

void metrics_range_paths_free(metrics_range_paths *paths) {
    free(paths->list);
    names_free(&paths->names);
    base_map_free(&paths->by_name);
    memset(paths, 0, sizeof *paths);
}
