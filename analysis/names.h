/* Names of a trace: string ids resolved to interned texts, each classified once by what it means as a range,
 * so that no event costs a comparison of strings. */
#ifndef ANALYSIS_NAMES_H
#define ANALYSIS_NAMES_H

#include "analysis/busy.h"
#include "analysis/map.h"
#include "analysis/roles.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *text; /* terminated; may hold bytes that are no UTF-8 */
    size_t len;
    analysis_role role;
    uint32_t number;         /* K, N, L or E */
    uint32_t expert;         /* LAYER_EXPERT: E */
    analysis_call_kind call; /* what a CUDA call of this name does */
    bool gives_work;         /* and whether a GPU record is to be expected of it */
    uint32_t family; /* the name that stands for it in the range tree: sample.* for sample.3, else itself */
} analysis_name;

/* A zeroed one is empty. */
typedef struct {
    analysis_name *list; /* by name index; never shrinks or moves an index */
    size_t count, cap;
    analysis_map by_text; /* hash of the text -> index */
    uint32_t *by_id;      /* the trace's string id -> index + 1; 0 where none is known */
    size_t id_cap;
    analysis_map by_great_id;    /* the same for ids that no recorder hands out */
    const analysis_rules *rules; /* or NULL: the built-in ones */
} analysis_names;

/* What the CUDA call `text` does to the thread that makes it, and whether it may give the GPU work: one whose
 * name was lost may. */
analysis_call_kind analysis_call_kind_of(const char *text);
bool analysis_call_gives_work(const char *text);

/* The index of the name with this text; the same text always has the same index. */
uint32_t analysis_names_intern(analysis_names *names, const char *text, size_t len);

/* Takes a definition of the trace: string `id` is `text`. A later one of the same id replaces it. */
void analysis_names_define(analysis_names *names, uint32_t id, const char *text, size_t len);

/* The index of the trace's string `id`. Id 0 ("none") is the empty name; an id whose definition was lost is
 * the name "#ID". */
uint32_t analysis_names_of_any_id(analysis_names *names, uint32_t id);
static inline uint32_t analysis_names_of_id(analysis_names *names, uint32_t id) {
    bool known = id < names->id_cap && names->by_id[id] != 0;
    return known ? names->by_id[id] - 1 : analysis_names_of_any_id(names, id);
}

/* Frees what it holds and leaves it empty. */
void analysis_names_free(analysis_names *names);

#endif
