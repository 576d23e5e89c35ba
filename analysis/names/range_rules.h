/* What the names of ranges mean: rules as data, built in for run_native's grammar and common names, and read
 * from a file for others. docs/attribution.md describes them. */
#ifndef NAMES_RANGE_RULES_H
#define NAMES_RANGE_RULES_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a range of this name is. */
typedef enum {
    NAMES_ROLE_NONE,
    NAMES_ROLE_TOP_K,        /* top_k=K */
    NAMES_ROLE_WARMUP,       /* warmup.N */
    NAMES_ROLE_SAMPLE,       /* sample.N */
    NAMES_ROLE_VISION,       /* vision */
    NAMES_ROLE_PREFILL,      /* prefill */
    NAMES_ROLE_DECODE,       /* decode */
    NAMES_ROLE_STEP,         /* decode.N */
    NAMES_ROLE_LAYER,        /* layer.L */
    NAMES_ROLE_EXPERT,       /* expert.E */
    NAMES_ROLE_LAYER_EXPERT, /* layerL.expertE */
    NAMES_ROLE_ATTENTION,
    NAMES_ROLE_ROUTER,
    NAMES_ROLE_NORM,
    NAMES_ROLE_EMBEDDING,
    NAMES_ROLE_HEAD,
    NAMES_ROLE_OTHER, /* the work in it is that of no part below */
} names_role;

/* The parts of the model that work is divided among: each kernel belongs to exactly one. */
typedef enum {
    NAMES_PART_EXPERT,
    NAMES_PART_ATTENTION,
    NAMES_PART_ROUTER,
    NAMES_PART_NORM,
    NAMES_PART_EMBEDDING,
    NAMES_PART_HEAD,
    NAMES_PART_VISION,
    NAMES_PART_OTHER,
    NAMES_PARTS
} names_part;

typedef struct {
    char *pattern;
    names_role role;
} names_rule;

/* Rules of a file. A zeroed one has none, and then the built-in rules hold. */
typedef struct {
    names_rule *list;
    size_t count, cap;
    bool alone; /* the built-in rules do not hold beside them */
} names_rules;

/* Longest name that rules are tried on, in bytes; longer ones mean nothing. */
#define NAMES_RULE_NAME_MAX 255

/* The role of the first rule that matches `text`: those of `rules` (or NULL), then those built in. *number is
 * K, N, L or E, and *expert is E when *number is L; BASE_NONE where the name has none. */
names_role names_rules_match(const names_rules *rules, const char *text, size_t len, uint32_t *number,
                             uint32_t *expert);

/* The part of the model that work below a range with this role belongs to, `around` being that of the ranges
 * around it: what lies in an expert or in vision stays there. */
names_part names_part_of(names_role role, names_part around);

/* "expert", "attention", ... */
const char *names_part_name(names_part part);

/* Reads the rules in the JSON file at `path`. 0, or -1 with one line in error and *rules empty. */
int names_rules_load(names_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]);

void names_rules_free(names_rules *rules);

#endif
