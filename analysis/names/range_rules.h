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
    NAMES_ROLE_TOP_K,   /* top_k=K */
    NAMES_ROLE_WARMUP,  /* warmup.N */
    NAMES_ROLE_SAMPLE,  /* sample.N */
    NAMES_ROLE_VISION,  /* vision */
    NAMES_ROLE_PREFILL, /* prefill; of a server, a step of prompts alone */
    NAMES_ROLE_DECODE,  /* decode; of a server, a step of one token for each request */
    NAMES_ROLE_MIXED,   /* a server's step of prompts and decoded tokens */
    NAMES_ROLE_DRAFT,   /* a step of the draft model of speculative decoding */
    NAMES_ROLE_IDLE,    /* a step without requests */
    NAMES_ROLE_STEP,    /* decode.N */
    NAMES_ROLE_LAYER,   /* layer.L */
    NAMES_ROLE_EXPERT,  /* expert.E, layerL.expertE */
    NAMES_ROLE_EXPERTS, /* all routed experts of a layer, fused */
    NAMES_ROLE_SHARED_EXPERT,
    NAMES_ROLE_DISPATCH, /* tokens to the ranks of their experts */
    NAMES_ROLE_COMBINE,  /* and back */
    NAMES_ROLE_ATTENTION,
    NAMES_ROLE_ROUTER,
    NAMES_ROLE_NORM,
    NAMES_ROLE_EMBEDDING,
    NAMES_ROLE_HEAD,
    NAMES_ROLE_SAMPLING, /* the choice of the next token */
    NAMES_ROLE_COMMUNICATION,
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
    NAMES_PART_SHARED_EXPERT,
    NAMES_PART_DISPATCH,
    NAMES_PART_COMBINE,
    NAMES_PART_SAMPLING,
    NAMES_PART_COMMUNICATION,
    NAMES_PART_OTHER,
    NAMES_PARTS
} names_part;

/* What a name means. Numbers that it does not hold are BASE_NONE. */
typedef struct {
    names_role role;
    uint32_t number; /* K of top_k, N of a request or of a step */
    uint32_t layer, expert;
    uint32_t requests, tokens; /* of a server's step, from its name: sums where the name has several */
    const char *pattern; /* of the rule, where it takes such counts: names that differ in them are one path */
} names_meaning;

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

/* The meaning of a name: that of the first rule that matches it, of `rules` (or NULL), then of those built in. */
names_meaning names_rules_match(const names_rules *rules, const char *text, size_t len);

/* The built-in rules in the order in which they are tried; NULL behind the last. */
typedef struct {
    const char *pattern;
    names_role role;
} names_built_in_rule;
const names_built_in_rule *names_built_in_rule_at(size_t i);

/* The part of the model that work below a range with this role belongs to, `around` being that of the ranges
 * around it: what lies in an expert or in vision stays there. */
names_part names_part_of(names_role role, names_part around);

/* "expert", "attention", ... */
const char *names_part_name(names_part part);

/* Reads the rules in the JSON file at `path`. 0, or -1 with one line in error and *rules empty. */
int names_rules_load(names_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]);

void names_rules_free(names_rules *rules);

#endif
