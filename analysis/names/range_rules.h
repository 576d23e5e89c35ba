/* The meaning of range names, by rules: built-in ones for run_native's grammar and common names, and those of a rules file.
 * docs/attribution.md describes them. */
#ifndef NAMES_RANGE_RULES_H
#define NAMES_RANGE_RULES_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The role of a range. */
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
    NAMES_ROLE_DISPATCH, /* sends tokens to the ranks of their experts */
    NAMES_ROLE_COMBINE,  /* returns the experts' results */
    NAMES_ROLE_ATTENTION,
    NAMES_ROLE_ROUTER,
    NAMES_ROLE_NORM,
    NAMES_ROLE_EMBEDDING,
    NAMES_ROLE_HEAD,
    NAMES_ROLE_SAMPLING, /* the choice of the next token */
    NAMES_ROLE_COMMUNICATION,
    NAMES_ROLE_OTHER, /* its work belongs to NAMES_PART_OTHER */
} names_role;

/* The parts of the model. Each kernel belongs to exactly one. */
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

/* The meaning of a name. Numbers that the name does not contain are BASE_NONE. */
typedef struct {
    names_role role;
    uint32_t number; /* K of top_k, N of a request or of a step */
    uint32_t layer, expert;
    uint32_t requests, tokens; /* counts in the name of a server's step: sums where it has several */
    const char
        *pattern; /* of a rule with such counts: names that differ only in them share a path; else NULL */
} names_meaning;

typedef struct {
    char *pattern;
    names_role role;
} names_rule;

/* The rules of a file. Zeroed: no rules beside the built-in ones. */
typedef struct {
    names_rule *list;
    size_t count, cap;
    bool alone; /* the built-in rules are disabled */
} names_rules;

/* Returns the meaning of a name of `len` bytes by the first rule that matches: those of `rules`, which may be NULL, precede
 * the built-in ones. NAMES_ROLE_NONE when no rule matches. */
names_meaning names_rules_match(const names_rules *rules, const char *text, size_t len);

/* Returns the built-in rule with index `i`, in the order of matching; NULL after the last. */
typedef struct {
    const char *pattern;
    names_role role;
} names_built_in_rule;
const names_built_in_rule *names_built_in_rule_at(size_t i);

/* Returns the part of the model to which work inside a range with this role belongs. `around` is the part of the enclosing
 * ranges: inside an expert or vision it does not change. */
names_part names_part_of(names_role role, names_part around);

/* Returns the part's name, as reports print it: "expert", "attention", ... */
const char *names_part_name(names_part part);

/* Reads the rules in the JSON file at `path`. Returns 0, or -1 with one line in `error` and *rules empty. names_rules_free frees
 * them. */
int names_rules_load(names_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]);

/* Frees the rules and leaves *rules empty. */
void names_rules_free(names_rules *rules);

#endif
