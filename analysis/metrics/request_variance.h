/* How much the time of a kernel, or of an expert, differs from request to request. What runs in one request
 * is not independent of each other: a slower clock slows all of it. So requests are what is counted, not
 * launches: sums of each phase of each request (cluster sampling, the ratio estimator; W. G. Cochran,
 * "Sampling Techniques", third edition, 1977, section 6.11), within each k and phase. */
#ifndef METRICS_REQUEST_VARIANCE_H
#define METRICS_REQUEST_VARIANCE_H

#include "analysis/attribution/ranges.h"

/* Requests at one k, warm-up left out, in which the GPU did anything. */
typedef struct {
    uint32_t k; /* or BASE_NONE */
    uint64_t requests;
} metrics_stratum;

/* Of one kernel or expert in one stratum, over its requests: sums of the launches (calls of an expert), of
 * the ns they took, and of their squares and products. */
typedef struct {
    uint32_t stratum;
    uint32_t next; /* of the same thing in another stratum; BASE_NONE: there is none */
    double count, ns, count_count, count_ns, ns_ns;
    double now_count, now_ns; /* of the request that is being taken */
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
    uint32_t *touched; /* by the request that is being taken */
    size_t touched_count, touched_cap;
    uint32_t stratum, thread, request; /* which that is */
} metrics_clusters;

/* Takes a phase of a request: for attribution_ranges_options.on_sample. It frees the detail. Phases that follow
 * each other on one thread, in requests with the same number, are one request; those without a number are one
 * each. */
void metrics_clusters_take(metrics_clusters *c, const attribution_ranges *ranges, uint32_t span,
                           attribution_breakdown *detail);

/* The last request is complete. */
void metrics_clusters_close(metrics_clusters *c);

/* The variance, and its degrees of freedom: of the ns that all launches of a kernel in `k` (BASE_NONE: in
 * every k) took, beyond `mean` for each. `degrees` is 0 where nothing is known. */
typedef struct {
    double variance; /* ns^2 */
    double degrees;
} metrics_spread;

metrics_spread metrics_clusters_kernel(const metrics_clusters *c, uint32_t name, uint32_t k, double mean);

/* The same of the GPU work in the calls of an expert. */
metrics_spread metrics_clusters_expert(const metrics_clusters *c, uint32_t layer, uint32_t expert, uint32_t k,
                                       double mean);

/* Both together; they are independent of each other. Degrees of freedom as F. E. Satterthwaite has them ("An
 * Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2(6), 1946). */
metrics_spread metrics_spread_sum(metrics_spread a, metrics_spread b);

void metrics_clusters_free(metrics_clusters *c);

#endif
