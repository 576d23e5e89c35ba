/* Which samples keep their details: the slowest, and a random choice of the others (reservoir sampling: J. S.
 * Vitter, "Random Sampling with a Reservoir", ACM Transactions on Mathematical Software 11(1), 1985,
 * algorithm R). */
#include "analysis/tails.h"

#include "analysis/bootstrap.h"
#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

static analysis_tail_pool *pool_of(analysis_tail_pools *pools, const analysis_span_work *span) {
    uint64_t key = (uint64_t)span->group << 8 | (uint64_t)span->phase << 1 | span->step;
    uint32_t at = analysis_map_get(&pools->by_kind, key);
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)pools->count;
        pools->list = analysis_grow(pools->list, &pools->cap, pools->count + 1, sizeof *pools->list);
        pools->list[pools->count++] = (analysis_tail_pool){.group = span->group,
                                                           .phase = span->phase,
                                                           .step = span->step,
                                                           .random = ANALYSIS_BOOTSTRAP_SEED};
        analysis_map_put(&pools->by_kind, key, at);
    }
    return &pools->list[at];
}

/* Keeps one of those that are not the slowest, or lets it go. */
static void keep_other(analysis_tail_pool *pool, analysis_tail_sample sample) {
    size_t at = pool->other_count;
    pool->seen++;
    if (at == ANALYSIS_TAIL_OTHERS) {
        at = analysis_bootstrap_draw(&pool->random, (size_t)pool->seen);
        if (at >= ANALYSIS_TAIL_OTHERS) {
            analysis_detail_free(sample.detail);
            return;
        }
        analysis_detail_free(pool->others[at].detail);
    } else {
        pool->other_count++;
    }
    pool->others[at] = sample;
}

void analysis_tail_take(void *ctx, uint32_t span, const analysis_span_work *s, analysis_detail *detail) {
    analysis_tail_pool *pool = pool_of(ctx, s);
    uint64_t end = s->gpu_end > s->end ? s->gpu_end : s->end;
    analysis_tail_sample sample = {.span = span, .latency = (double)(end - s->start) / 1e6, .detail = detail};
    if (pool->slow_count < ANALYSIS_TAIL_SLOW) {
        pool->slow[pool->slow_count++] = sample;
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < pool->slow_count; i++) {
        least = pool->slow[i].latency < pool->slow[least].latency ? i : least;
    }
    if (sample.latency > pool->slow[least].latency) {
        analysis_tail_sample out = pool->slow[least];
        pool->slow[least] = sample;
        sample = out;
    }
    keep_other(pool, sample);
}

void analysis_tail_pools_free(analysis_tail_pools *pools) {
    for (size_t i = 0; i < pools->count; i++) {
        analysis_tail_pool *pool = &pools->list[i];
        for (size_t j = 0; j < pool->slow_count; j++) {
            analysis_detail_free(pool->slow[j].detail);
        }
        for (size_t j = 0; j < pool->other_count; j++) {
            analysis_detail_free(pool->others[j].detail);
        }
    }
    free(pools->list);
    analysis_map_free(&pools->by_kind);
    memset(pools, 0, sizeof *pools);
}
