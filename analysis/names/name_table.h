/* The names of a trace: string ids are resolved to interned texts, and each text is classified once by its meaning as a range,
 * so that no event requires a comparison of strings. */
#ifndef NAMES_NAME_TABLE_H
#define NAMES_NAME_TABLE_H

#include "analysis/base/u64_map.h"
#include "analysis/names/call_kinds.h"
#include "analysis/names/range_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *text; /* NUL-terminated; may contain invalid UTF-8 */
    size_t len; /* bytes */
    names_meaning means;
    names_call_kind call; /* the kind of a CUDA call of this name */
    bool enqueues;        /* whether such a call may have GPU records */
    uint32_t
        family; /* index of the name that represents it in the range tree: sample.* for sample.3, else its own */
} names_entry;

/* Empty when zeroed. */
typedef struct {
    names_entry *list; /* by name index; an index never changes */
    size_t count, cap;
    base_map by_text; /* hash of the text -> index */
    uint32_t *by_id;  /* the trace's string id -> index + 1; 0: not defined */
    size_t id_cap;
    base_map by_other_id;     /* larger string id -> index */
    const names_rules *rules; /* NULL: only the built-in rules; must outlive the table */
} names_table;

/* Returns the index of the name with this text of `len` bytes, which is copied; adds it if it is new. Equal texts have equal
 * indices. */
uint32_t names_intern(names_table *names, const char *text, size_t len);

/* Returns the index of the name with this text; BASE_NONE if the table does not have it. */
uint32_t names_find(const names_table *names, const char *text, size_t len);

/* Adds a definition of the trace: the string with this id is `text`. It replaces an earlier definition of the same id. */
void names_define(names_table *names, uint32_t id, const char *text, size_t len);

/* Return the name index of the trace's string `id`: of the empty name for id 0, of the name "#ID" for an id without a
 * definition. names_of_id is the fast path. */
uint32_t names_of_any_id(names_table *names, uint32_t id);
static inline uint32_t names_of_id(names_table *names, uint32_t id) {
    bool known = id < names->id_cap && names->by_id[id] != 0;
    return known ? names->by_id[id] - 1 : names_of_any_id(names, id);
}

/* Returns the name at an index; the pointer is valid until a name is added. */
static inline const names_entry *names_entry_at(const names_table *names, uint32_t index) {
    return &names->list[index];
}

/* Frees all names and leaves the table empty. */
void names_free(names_table *names);

#endif
