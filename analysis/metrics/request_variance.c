/* Sums of each request, added up by kernel and by expert. */
#include "analysis/metrics/request_variance.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STRATA_MAX 65535 /* more have no spread */

typedef enum { KERNEL, EXPERT } cluster_kind;

/* A kernel or an expert, whatever the stratum. Layers and experts beyond 2^23 share a cluster. */
static uint64_t thing_key(cluster_kind what, uint32_t layer, uint32_t number) {
    uint64_t id = what == KERNEL ? number : (uint64_t)(layer & 0x7fffff) << 24 | (number & 0xffffff);
    return (uint64_t)what << 47 | id;
}

static uint32_t stratum_of(metrics_clusters *c, uint32_t k) {
    uint32_t at = base_map_get(&c->by_stratum, k);
    if (at == BASE_NONE && c->stratum_count < STRATA_MAX) {
        at = (uint32_t)c->stratum_count;
        c->strata = base_grow(c->strata, &c->stratum_cap, c->stratum_count + 1, sizeof *c->strata);
        c->strata[c->stratum_count++] = (metrics_stratum){.k = k};
        base_map_put(&c->by_stratum, k, at);
    }
    return at;
}

static void add_to_cluster(metrics_clusters *c, uint32_t stratum, uint64_t thing, double count, double ns) {
    uint64_t key = (uint64_t)stratum << 48 | thing;
    uint32_t at = base_map_get(&c->by_id, key);
    if (at == BASE_NONE) {
        at = (uint32_t)c->count;
        c->list = base_grow(c->list, &c->cap, c->count + 1, sizeof *c->list);
        c->list[c->count++] = (metrics_cluster){.stratum = stratum, .next = base_map_get(&c->newest, thing)};
        base_map_put(&c->newest, thing, at);
        base_map_put(&c->by_id, key, at);
    }
    metrics_cluster *cluster = &c->list[at];
    cluster->now_count += count;
    cluster->now_ns += ns;
    if (!cluster->touched) {
        cluster->touched = true;
        c->touched = base_grow(c->touched, &c->touched_cap, c->touched_count + 1, sizeof *c->touched);
        c->touched[c->touched_count++] = at;
    }
}

void metrics_clusters_close(metrics_clusters *c) {
    for (size_t i = 0; i < c->touched_count; i++) {
        metrics_cluster *cluster = &c->list[c->touched[i]];
        double count = cluster->now_count, ns = cluster->now_ns;
        cluster->count += count;
        cluster->ns += ns;
        cluster->count_count += count * count;
        cluster->count_ns += count * ns;
        cluster->ns_ns += ns * ns;
        cluster->now_count = cluster->now_ns = 0;
        cluster->touched = false;
    }
    c->touched_count = 0;
}

/* Begins a request, unless the phase belongs to the one before. */
static void begin_cluster_request(metrics_clusters *c, uint32_t stratum, const attribution_span *s) {
    bool same = s->request != BASE_NONE && c->touched_count > 0 && c->stratum == stratum &&
                c->thread == s->thread && c->request == s->request;
    if (!same) {
        metrics_clusters_close(c);
        c->strata[stratum].requests++;
        c->stratum = stratum;
        c->thread = s->thread;
        c->request = s->request;
    }
}

void metrics_clusters_take(metrics_clusters *c, const attribution_ranges *ranges, uint32_t span,
                           attribution_breakdown *detail) {
    const attribution_span *s = attribution_ranges_span(ranges, span);
    uint32_t stratum = BASE_NONE;
    if (detail && detail->gpu.count > 0) {
        stratum = stratum_of(c, attribution_ranges_group(ranges, s->group)->k);
    }
    if (stratum != BASE_NONE) {
        begin_cluster_request(c, stratum, s);
        for (size_t i = 0; i < detail->kernels.count; i++) {
            const attribution_breakdown_sum *sum = &detail->kernels.list[i];
            if (sum->id != BASE_NONE) {
                add_to_cluster(c, stratum, thing_key(KERNEL, 0, sum->id), sum->count, (double)sum->ns);
            }
        }
        for (size_t i = 0; i < detail->gpu.count; i++) {
            const attribution_node *node = attribution_ranges_node(ranges, detail->gpu.list[i].id);
            if (node->expert != BASE_NONE) {
                add_to_cluster(c, stratum, thing_key(EXPERT, node->layer, node->expert), 0,
                               (double)detail->gpu.list[i].ns);
            }
        }
        for (size_t i = 0; i < detail->host.count; i++) {
            const attribution_node *node = attribution_ranges_node(ranges, detail->host.list[i].id);
            if (node->opens_expert) {
                add_to_cluster(c, stratum, thing_key(EXPERT, node->layer, node->expert),
                               detail->host.list[i].count, 0);
            }
        }
    }
    attribution_breakdown_free(detail);
}

static metrics_spread cluster_spread(const metrics_clusters *c, cluster_kind what, uint32_t layer,
                                     uint32_t number, uint32_t k, double mean) {
    metrics_spread spread = {0, 0};
    uint32_t at = base_map_get(&c->newest, thing_key(what, layer, number));
    for (const metrics_cluster *of; at != BASE_NONE; at = of->next) {
        of = &c->list[at];
        const metrics_stratum *stratum = &c->strata[of->stratum];
        if ((k != BASE_NONE && k != stratum->k) || stratum->requests < 2) {
            continue;
        }
        double n = (double)stratum->requests, away = of->ns - mean * of->count;
        double squares = of->ns_ns - 2 * mean * of->count_ns + mean * mean * of->count_count;
        metrics_spread here = {fmax(0, squares - away * away / n) * n / (n - 1), n - 1};
        spread = metrics_spread_sum(spread, here);
    }
    return spread;
}

metrics_spread metrics_clusters_kernel(const metrics_clusters *c, uint32_t name, uint32_t k, double mean) {
    return cluster_spread(c, KERNEL, 0, name, k, mean);
}

metrics_spread metrics_clusters_expert(const metrics_clusters *c, uint32_t layer, uint32_t expert, uint32_t k,
                                       double mean) {
    return cluster_spread(c, EXPERT, layer, expert, k, mean);
}

metrics_spread metrics_spread_sum(metrics_spread a, metrics_spread b) {
    if (!(a.degrees > 0) || !(b.degrees > 0)) {
        return a.degrees > 0 ? a : b;
    }
    double sum = a.variance + b.variance;
    double parts = a.variance * a.variance / a.degrees + b.variance * b.variance / b.degrees;
    return (metrics_spread){sum, parts > 0 ? sum * sum / parts : a.degrees + b.degrees};
}

void metrics_clusters_free(metrics_clusters *c) {
    free(c->strata);
    free(c->list);
    free(c->touched);
    base_map_free(&c->by_stratum);
    base_map_free(&c->by_id);
    base_map_free(&c->newest);
    memset(c, 0, sizeof *c);
}
