/* The variance between requests of the time of a kernel or an expert. Launches within one request are not independent (a
 * lower clock rate slows all of them), so the sampling unit is the request: sums over each request, stratified by k
 * (cluster sampling with the ratio estimator; W. G. Cochran, "Sampling Techniques", third edition, 1977, section 6.11). */
#ifndef METRICS_REQUEST_VARIANCE_H
#define METRICS_REQUEST_VARIANCE_H

#include "analysis/attribution/ranges.h"

/* The requests at one k with GPU work, without warm-up. */
typedef struct {
    uint32_t k; /* or BASE_NONE */
    uint64_t requests;
} metrics_stratum;

/* One kernel or expert in one stratum: sums over its requests of the launches (of an expert: calls), of their ns, and of
 * the squares and products of these. */
typedef struct {
    uint32_t stratum;
    uint32_t next; /* of the same thing in another stratum; BASE_NONE: there is none */
    double count, ns, count_count, count_ns, ns_ns;
    double now_count, now_ns; /* of the current request */
    bool touched;
} metrics_cluster;

/* A zeroed one is empty. */
typedef struct {
    metrics_stratum *strata;
    size_t stratum_count, stratum_cap;
    base_map by_stratum;
    metrics_cluster *list;
    size_t count, cap;
    base_map by_id;
    base_map newest;   /* a thing, without its stratum -> the newest of its clusters */
    uint32_t *touched; /* indices in `list` of what the current request has */
    size_t touched_count, touched_cap;
    uint32_t stratum, thread, request; /* the current request */
} metrics_clusters;

/* Adds a phase of a request: for attribution_ranges_options.on_sample. Frees `detail`. Consecutive phases on one thread in
 * requests with the same number are one request; a phase without a number is a request by itself. */
void metrics_clusters_take(metrics_clusters *c, const attribution_ranges *ranges, uint32_t span,
                           attribution_breakdown *detail);

/* Completes the last request. */
void metrics_clusters_close(metrics_clusters *c);

/* A variance and its degrees of freedom, 0 if unknown. */
typedef struct {
    double variance; /* ns^2 */
    double degrees;
} metrics_spread;

/* Returns the variance of the total ns of a kernel (a name index) at `k` (BASE_NONE: at all k), with its mean duration
 * `mean` in ns as the ratio. */
metrics_spread metrics_clusters_kernel(const metrics_clusters *c, uint32_t name, uint32_t k, double mean);

/* The same for the GPU work of an expert, `mean` being that of a call. */
metrics_spread metrics_clusters_expert(const metrics_clusters *c, uint32_t layer, uint32_t expert, uint32_t k,
                                       double mean);

/* Returns the variance of the sum of two independent quantities, with the degrees of freedom by F. E. Satterthwaite, "An
 * Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2(6), 1946. */
metrics_spread metrics_spread_sum(metrics_spread a, metrics_spread b);

void metrics_clusters_free(metrics_clusters *c);

#endif
