/* Verifies from a trace that k was applied: the tokens of each layer's experts in every prefill and decode step.
 *
 * A visit is one execution of the experts of a layer. Its expert ranges have their numbers of tokens as payloads. With k
 * experts per token and T tokens, the payloads must sum to k T, none may exceed T, and at most min(E, k T) experts are
 * active. A decode step has T = 1. T of a prefill is the caller's, else that of the workload's mark
 * (costmodel/workload.h), else the sum over k; in the last case it must be an integer, equal in all layers, and, at each
 * k, within the range of T at the k with the most visits, since T would be wrong if k had no effect. A prefill or decode
 * that visits experts at all must visit those of every layer in every step. */
#ifndef METRICS_ROUTING_CHECK_H
#define METRICS_ROUTING_CHECK_H

#include "analysis/attribution/phases.h"
#include "analysis/names/range_rules.h"

/* The visits of one phase at one k, including warm-up. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    uint64_t visits, wrong;
    uint64_t step_least, step_most;     /* tokens of a decode step: 1, or as its payload says */
    uint64_t tokens_least, tokens_most; /* of one visit: sum of the payloads */
    uint64_t active_least, active_most; /* of one visit: experts with a token */
    uint64_t one_most;                  /* most tokens of one expert in one visit */
} metrics_routing_row;

typedef struct {
    metrics_routing_row *rows; /* by k, then phase */
    size_t count, cap;
    uint32_t experts;    /* one more than the greatest expert index seen */
    uint64_t uncounted;  /* visits that cannot be verified: an expert's range has no number of tokens */
    uint64_t outside;    /* visits outside of top_k=K or of all phases */
    uint64_t silent;     /* prefills and decodes inside top_k=K without visits, as with replayed graphs */
    uint64_t unfinished; /* visits of phases whose end is not in the trace */
    uint64_t lost;       /* host events that the recorder dropped, plus bytes that could not be read */
    bool prompt_known;   /* T of prefills comes from the caller or a mark */
    char violation[400]; /* the first violation: place, value, expected value; "" if there is none */
} metrics_routing_check;

/* Reads the trace at `path` into *v, which metrics_routing_check_free frees, also after an error. `rules` may be NULL.
 * `prompt_tokens` is T of every prefill, 0 if unknown. With `any_prompt`, T may differ between k. Returns 0, or -1 with one
 * line in `error`. Violations are in *v. */
int metrics_routing_check_read(metrics_routing_check *v, const char *path, const names_rules *rules,
                               uint32_t prompt_tokens, bool any_prompt, char error[TRACE_ERROR_BYTES]);

void metrics_routing_check_free(metrics_routing_check *v);

#endif
