/* Whether the prefills of all k tell of the same prompts. */
#include "analysis/metrics/routing_check.h"

#include <inttypes.h>
#include <stdio.h>

static const char *range_text(char buf[48], uint64_t from, uint64_t to) {
    snprintf(buf, 48, from == to ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, from, to);
    return buf;
}

void metrics_routing_check_prompts(metrics_routing_check *v) {
    const metrics_routing_row *most = NULL;
    for (size_t i = 0; i < v->count; i++) {
        const metrics_routing_row *row = &v->rows[i];
        bool counts = row->phase == ATTRIBUTION_PREFILL && row->k > 0;
        most = counts && (!most || row->visits > most->visits) ? row : most;
    }
    for (size_t i = 0; most && i < v->count; i++) {
        metrics_routing_row *row = &v->rows[i];
        uint64_t from = row->k ? row->tokens_least / row->k : 0, to = row->k ? row->tokens_most / row->k : 0;
        uint64_t low = most->tokens_least / most->k, high = most->tokens_most / most->k;
        if (row->phase == ATTRIBUTION_PREFILL && row->k > 0 && !v->violation[0] &&
            (from < low || to > high)) {
            row->wrong++;
            char here[48], there[48];
            snprintf(v->violation, sizeof v->violation,
                     "top_k=%u, prefill: routed tokens over k make prompts of %s tokens, but of %s at "
                     "top_k=%u; if "
                     "the prompts do differ, say --prompt-tokens any",
                     row->k, range_text(here, from, to), range_text(there, low, high), most->k);
        }
    }
}
