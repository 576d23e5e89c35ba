/* Proof from a trace that k was applied: what each layer's experts got, in every prefill and decode step.
 *
 * A visit is one coming of work to the experts of a layer. Its expert ranges carry how many tokens they got.
 * With k experts a token and T tokens, these must add up to k T, no expert may have more than T, and at most
 * min(E, k T) experts are active. A decode step has T = 1. Of a prefill T is the sum over k: it must be whole
 * and the same in all layers. */
#ifndef ANALYSIS_VERIFY_H
#define ANALYSIS_VERIFY_H

#include "analysis/ranges.h"

/* The visits of one phase at one k, warm-up included. */
typedef struct {
    uint32_t k;
    analysis_phase phase;
    uint64_t visits, wrong;
    uint64_t tokens_least, tokens_most; /* of a visit: the sum of its payloads */
    uint64_t active_least, active_most; /* of a visit: experts with a token */
    uint64_t one_most;                  /* tokens of one expert in one visit */
} analysis_verify_row;

typedef struct {
    analysis_verify_row *rows; /* by k, then phase */
    size_t count, cap;
    uint32_t experts;    /* one more than the greatest expert index seen */
    uint64_t uncounted;  /* visits that cannot be judged: an expert's range did not say how many tokens */
    uint64_t outside;    /* visits outside of top_k=K or of a phase */
    char violation[400]; /* the first: where, what, and what it should be; empty when there is none */
} analysis_verify;

/* Reads the trace at `path` into *v, which analysis_verify_free frees also after an error. `rules` may be
 * NULL. `prompt_tokens` is what every prefill must have; 0 when that is not known. 0, or -1 with one line in
 * error. */
int analysis_verify_read(analysis_verify *v, const char *path, const analysis_rules *rules,
                         uint32_t prompt_tokens, char error[TRACE_ERROR_BYTES]);

void analysis_verify_free(analysis_verify *v);

#endif
