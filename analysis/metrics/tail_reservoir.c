/* Which samples keep their details: the slowest, and a random choice of the others (reservoir sampling: J. S.
 * Vitter, "Random Sampling with a Reservoir", ACM Transactions on Mathematical Software 11(1), 1985,
 * algorithm R). */
#include "analysis/metrics/tail_reservoir.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/bootstrap.h"

#include <stdlib.h>
#include <string.h>

static metrics_tail_pool *tail_pool_of(metrics_tail_pools *pools, const attribution_span_work *span) {
    uint64_t key = (uint64_t)span->group << 8 | (uint64_t)span->phase << 1 | span->step;
    uint32_t at = base_map_get(&pools->by_kind, key);
    if (at == BASE_NONE) {
        at = (uint32_t)pools->count;
        pools->list = base_grow(pools->list, &pools->cap, pools->count + 1, sizeof *pools->list);
        pools->list[pools->count++] = (metrics_tail_pool){
            .group = span->group, .phase = span->phase, .step = span->step, .random = STATS_BOOTSTRAP_SEED};
        base_map_put(&pools->by_kind, key, at);
    }
    return &pools->list[at];
}

/* Keeps one of those that are not the slowest, or lets it go. */
static void keep_other_sample(metrics_tail_pool *pool, metrics_tail_sample sample) {
    size_t at = pool->other_count;
    pool->seen++;
    if (at == METRICS_TAIL_OTHERS) {
        at = stats_bootstrap_draw(&pool->random, (size_t)pool->seen);
        if (at >= METRICS_TAIL_OTHERS) {
            attribution_breakdown_free(sample.detail);
            return;
        }
        attribution_breakdown_free(pool->others[at].detail);
    } else {
        pool->other_count++;
    }
    pool->others[at] = sample;
}

void metrics_tail_take(void *ctx, uint32_t span, const attribution_span_work *s,
                       attribution_breakdown *detail) {
    metrics_tail_pool *pool = tail_pool_of(ctx, s);
    uint64_t end = s->gpu_end > s->end ? s->gpu_end : s->end;
    metrics_tail_sample sample = {.span = span, .latency = (double)(end - s->start) / 1e6, .detail = detail};
    if (pool->slow_count < METRICS_TAIL_SLOW) {
        pool->slow[pool->slow_count++] = sample;
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < pool->slow_count; i++) {
        least = pool->slow[i].latency < pool->slow[least].latency ? i : least;
    }
    if (sample.latency > pool->slow[least].latency) {
        metrics_tail_sample out = pool->slow[least];
        pool->slow[least] = sample;
        sample = out;
    }
    keep_other_sample(pool, sample);
}

void metrics_tail_pools_free(metrics_tail_pools *pools) {
    for (size_t i = 0; i < pools->count; i++) {
        metrics_tail_pool *pool = &pools->list[i];
        for (size_t j = 0; j < pool->slow_count; j++) {
            attribution_breakdown_free(pool->slow[j].detail);
        }
        for (size_t j = 0; j < pool->other_count; j++) {
            attribution_breakdown_free(pool->others[j].detail);
        }
    }
    free(pools->list);
    base_map_free(&pools->by_kind);
    memset(pools, 0, sizeof *pools);
}
