/* Names of a trace: string ids resolved to interned texts, each classified once by what it means as a range,
 * so that no event costs a comparison of strings. */
#ifndef ANALYSIS_NAMES_H
#define ANALYSIS_NAMES_H

#include "analysis/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a range of this name is in the sweep's grammar. */
typedef enum {
    ANALYSIS_ROLE_NONE,
    ANALYSIS_ROLE_TOP_K,        /* top_k=K */
    ANALYSIS_ROLE_WARMUP,       /* warmup.N */
    ANALYSIS_ROLE_SAMPLE,       /* sample.N */
    ANALYSIS_ROLE_VISION,       /* vision */
    ANALYSIS_ROLE_PREFILL,      /* prefill */
    ANALYSIS_ROLE_DECODE,       /* decode */
    ANALYSIS_ROLE_STEP,         /* decode.N */
    ANALYSIS_ROLE_LAYER,        /* layer.L */
    ANALYSIS_ROLE_EXPERT,       /* expert.E */
    ANALYSIS_ROLE_LAYER_EXPERT, /* layerL.expertE */
} analysis_role;

typedef struct {
    char *text; /* terminated; may hold bytes that are no UTF-8 */
    size_t len;
    analysis_role role;
    uint32_t number; /* K, N, L or E */
    uint32_t expert; /* LAYER_EXPERT: E */
    uint32_t family; /* the name that stands for it in the range tree: sample.* for sample.3, else itself */
} analysis_name;

/* A zeroed one is empty. */
typedef struct {
    analysis_name *list; /* by name index; never shrinks or moves an index */
    size_t count, cap;
    analysis_map by_text; /* hash of the text -> index */
    analysis_map by_id;   /* the trace's string id -> index */
} analysis_names;

/* What `text` is as the name of a range. The numbers may follow the word after one of ". _ = :" or directly.
 */
analysis_role analysis_role_of(const char *text, size_t len, uint32_t *number, uint32_t *expert);

/* The index of the name with this text; the same text always has the same index. */
uint32_t analysis_names_intern(analysis_names *names, const char *text, size_t len);

/* Takes a definition of the trace: string `id` is `text`. A later one of the same id replaces it. */
void analysis_names_define(analysis_names *names, uint32_t id, const char *text, size_t len);

/* The index of the trace's string `id`. Id 0 ("none") is the empty name; an id whose definition was lost is
 * the name "#ID". */
uint32_t analysis_names_of_id(analysis_names *names, uint32_t id);

/* Frees what it holds and leaves it empty. */
void analysis_names_free(analysis_names *names);

#endif
