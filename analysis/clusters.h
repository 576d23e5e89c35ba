/* How much the time of a kernel, or of an expert, differs from request to request. What runs in one request
 * is not independent of each other: a slower clock slows all of it. So requests are what is counted, not
 * launches: sums of each phase of each request (cluster sampling, the ratio estimator; W. G. Cochran,
 * "Sampling Techniques", third edition, 1977, section 6.11), within each k and phase. */
#ifndef ANALYSIS_CLUSTERS_H
#define ANALYSIS_CLUSTERS_H

#include "analysis/ranges.h"

/* Requests at one k, warm-up left out, in which the GPU did anything. */
typedef struct {
    uint32_t k; /* or ANALYSIS_NONE */
    uint64_t requests;
} analysis_stratum;

/* Of one kernel or expert in one stratum, over its requests: sums of the launches (calls of an expert), of
 * the ns they took, and of their squares and products. */
typedef struct {
    uint32_t stratum;
    double count, ns, count_count, count_ns, ns_ns;
    double now_count, now_ns; /* of the request that is being taken */
    bool touched;
} analysis_cluster;

/* A zeroed one is empty. */
typedef struct {
    analysis_stratum *strata;
    size_t stratum_count, stratum_cap;
    analysis_map by_stratum;
    analysis_cluster *list;
    size_t count, cap;
    analysis_map by_id;
    uint32_t *touched; /* by the request that is being taken */
    size_t touched_count, touched_cap;
    uint32_t stratum, thread, request; /* which that is */
} analysis_clusters;

/* Takes a phase of a request: for analysis_span_works.on_sample. It frees the detail. Phases that follow each
 * other on one thread, in requests with the same number, are one request; those without a number are one
 * each. */
void analysis_clusters_take(analysis_clusters *c, const analysis_ranges *ranges, uint32_t span,
                            analysis_detail *detail);

/* The last request is complete. */
void analysis_clusters_close(analysis_clusters *c);

/* The variance, and its degrees of freedom: of the ns that all launches of a kernel in `k` (ANALYSIS_NONE: in
 * every k) took, beyond `mean` for each. `degrees` is 0 where nothing is known. */
typedef struct {
    double variance; /* ns^2 */
    double degrees;
} analysis_spread;

analysis_spread analysis_clusters_kernel(const analysis_clusters *c, uint32_t name, uint32_t k, double mean);

/* The same of the GPU work in the calls of an expert. */
analysis_spread analysis_clusters_expert(const analysis_clusters *c, uint32_t layer, uint32_t expert,
                                         uint32_t k, double mean);

/* Both together; they are independent of each other. Degrees of freedom as F. E. Satterthwaite has them ("An
 * Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2(6), 1946). */
analysis_spread analysis_spread_sum(analysis_spread a, analysis_spread b);

void analysis_clusters_free(analysis_clusters *c);

#endif
