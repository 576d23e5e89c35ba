/* What the names of ranges mean: rules as data, built in for run_native's grammar and common names, and read
 * from a file for others. docs/attribution.md describes them. */
#ifndef ANALYSIS_ROLES_H
#define ANALYSIS_ROLES_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a range of this name is. */
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
    ANALYSIS_ROLE_ATTENTION,
    ANALYSIS_ROLE_ROUTER,
    ANALYSIS_ROLE_NORM,
    ANALYSIS_ROLE_EMBEDDING,
    ANALYSIS_ROLE_HEAD,
    ANALYSIS_ROLE_OTHER, /* the work in it is that of no part below */
} analysis_role;

/* The parts of the model that work is divided among: each kernel belongs to exactly one. */
typedef enum {
    ANALYSIS_PART_EXPERT,
    ANALYSIS_PART_ATTENTION,
    ANALYSIS_PART_ROUTER,
    ANALYSIS_PART_NORM,
    ANALYSIS_PART_EMBEDDING,
    ANALYSIS_PART_HEAD,
    ANALYSIS_PART_VISION,
    ANALYSIS_PART_OTHER,
    ANALYSIS_PARTS
} analysis_part;

typedef struct {
    char *pattern;
    analysis_role role;
} analysis_rule;

/* Rules of a file. A zeroed one has none, and then the built-in rules hold. */
typedef struct {
    analysis_rule *list;
    size_t count, cap;
    bool alone; /* the built-in rules do not hold beside them */
} analysis_rules;

/* Longest name that rules are tried on, in bytes; longer ones mean nothing. */
#define ANALYSIS_RULE_NAME_MAX 255

/* The role of the first rule that matches `text`: those of `rules` (or NULL), then those built in. *number is
 * K, N, L or E, and *expert is E when *number is L; ANALYSIS_NONE where the name has none. */
analysis_role analysis_rules_match(const analysis_rules *rules, const char *text, size_t len,
                                   uint32_t *number, uint32_t *expert);

/* The part of the model that work below a range with this role belongs to, `around` being that of the ranges
 * around it: what lies in an expert or in vision stays there. */
analysis_part analysis_part_of(analysis_role role, analysis_part around);

/* "expert", "attention", ... */
const char *analysis_part_name(analysis_part part);

/* Reads the rules in the JSON file at `path`. 0, or -1 with one line in error and *rules empty. */
int analysis_rules_load(analysis_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]);

void analysis_rules_free(analysis_rules *rules);

#endif
