/* Proof from a trace that k was applied: what each layer's experts got, in every prefill and decode step.
 *
 * A visit is one coming of work to the experts of a layer. Its expert ranges carry how many tokens they got.
 * With k experts a token and T tokens, these must add up to k T, no expert may have more than T, and at most
 * min(E, k T) experts are active. A decode step has T = 1. T of a prefill is what is given, or what the mark
 * of the model says (costmodel/workload.h), else the sum over k: it must be whole, the same in all layers, and at each
 * k within what it is at that with the most visits, since a k that had no effect makes T look smaller or
 * greater. Where a prefill or a decode visits experts at all, it visits those of every layer, in every
 * step. */
#ifndef METRICS_ROUTING_CHECK_H
#define METRICS_ROUTING_CHECK_H

#include "analysis/attribution/phases.h"
#include "analysis/names/range_rules.h"

/* The visits of one phase at one k, warm-up included. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    uint64_t visits, wrong;
    uint64_t tokens_least, tokens_most; /* of a visit: the sum of its payloads */
    uint64_t active_least, active_most; /* of a visit: experts with a token */
    uint64_t one_most;                  /* tokens of one expert in one visit */
} metrics_routing_row;

typedef struct {
    metrics_routing_row *rows; /* by k, then phase */
    size_t count, cap;
    uint32_t experts;    /* one more than the greatest expert index seen */
    uint64_t uncounted;  /* visits that cannot be judged: an expert's range did not say how many tokens */
    uint64_t outside;    /* visits outside of top_k=K or of a phase */
    uint64_t silent;     /* prefills and decodes under top_k=K without any visit, as of replayed graphs */
    uint64_t unfinished; /* visits of phases that the trace does not hold to their end */
    uint64_t lost;       /* host events that the recorder dropped, or bytes that could not be read */
    bool prompt_known;   /* T of a prefill was given, or a mark says it */
    char violation[400]; /* the first: where, what, and what it should be; empty when there is none */
} metrics_routing_check;

/* Reads the trace at `path` into *v, which metrics_routing_check_free frees also after an error. `rules` may
 * be NULL. `prompt_tokens` is what every prefill must have; 0 when that is not known. With `any_prompt`
 * prompts may differ from k to k. 0, or -1 with one line in error. */
int metrics_routing_check_read(metrics_routing_check *v, const char *path, const names_rules *rules,
                               uint32_t prompt_tokens, bool any_prompt, char error[TRACE_ERROR_BYTES]);

void metrics_routing_check_free(metrics_routing_check *v);

#endif
