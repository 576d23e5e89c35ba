/* Names of a trace: string ids resolved to interned texts, each classified once by what it means as a range,
 * so that no event costs a comparison of strings. */
#ifndef NAMES_NAME_TABLE_H
#define NAMES_NAME_TABLE_H

#include "analysis/base/u64_map.h"
#include "analysis/names/call_kinds.h"
#include "analysis/names/range_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *text; /* terminated; may hold bytes that are no UTF-8 */
    size_t len;
    names_meaning means;
    names_call_kind call; /* what a CUDA call of this name does */
    bool enqueues;        /* and whether a GPU record is to be expected of it */
    uint32_t family; /* the name that stands for it in the range tree: sample.* for sample.3, else itself */
} names_entry;

/* A zeroed one is empty. */
typedef struct {
    names_entry *list; /* by name index; never shrinks or moves an index */
    size_t count, cap;
    base_map by_text; /* hash of the text -> index */
    uint32_t *by_id;  /* the trace's string id -> index + 1; 0 where none is known */
    size_t id_cap;
    base_map by_other_id;     /* the same for ids beyond those */
    const names_rules *rules; /* or NULL: the built-in ones */
} names_table;

/* The index of the name with this text; the same text always has the same index. */
uint32_t names_intern(names_table *names, const char *text, size_t len);

/* The same where there is one, else BASE_NONE. */
uint32_t names_find(const names_table *names, const char *text, size_t len);

/* Adds a definition of the trace: string `id` is `text`. A later one of the same id replaces it. */
void names_define(names_table *names, uint32_t id, const char *text, size_t len);

/* The index of the trace's string `id`. Id 0 ("none") is the empty name; an id whose definition was lost is
 * the name "#ID". */
uint32_t names_of_any_id(names_table *names, uint32_t id);
static inline uint32_t names_of_id(names_table *names, uint32_t id) {
    bool known = id < names->id_cap && names->by_id[id] != 0;
    return known ? names->by_id[id] - 1 : names_of_any_id(names, id);
}

/* The name at an index; it may move when names are made. */
static inline const names_entry *names_entry_at(const names_table *names, uint32_t index) {
    return &names->list[index];
}

/* Frees what it holds and leaves it empty. */
void names_free(names_table *names);

#endif
