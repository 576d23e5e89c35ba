/* Tails: what the slowest samples did differently from typical ones.
 *
 * Of each k, phase (and step of decode) and kind of watching, details are kept of the slowest samples and of
 * a random choice of the others, so that memory does not grow with the number of samples. Unwatched samples
 * have ranges only: their host time. Watched ones also have the GPU's time by range and kernel. */
#ifndef ANALYSIS_TAILS_H
#define ANALYSIS_TAILS_H

#include "analysis/samples.h"

/* Samples that are kept of one kind: the slowest, and others. */
#define ANALYSIS_TAIL_SLOW   16
#define ANALYSIS_TAIL_OTHERS 32
/* Fewer samples have no tail. */
#define ANALYSIS_TAIL_SAMPLES 10
/* Causes that are kept of each kind, for each row. */
#define ANALYSIS_TAIL_CAUSES 50

typedef struct {
    uint32_t span;
    double latency; /* when it was kept, ms */
    analysis_detail *detail;
} analysis_tail_sample;

/* Samples of one group and phase, as they come. */
typedef struct {
    uint32_t group;
    analysis_phase phase;
    bool step;
    analysis_tail_sample slow[ANALYSIS_TAIL_SLOW], others[ANALYSIS_TAIL_OTHERS];
    size_t slow_count, other_count;
    uint64_t seen;   /* those that were not among the slowest, or not for ever */
    uint64_t random; /* state of the generator */
} analysis_tail_pool;

/* A zeroed one is empty. */
typedef struct {
    analysis_tail_pool *list;
    size_t count, cap;
    analysis_map by_kind; /* group, phase and step -> list */
} analysis_tail_pools;

/* For analysis_span_works.on_sample; ctx is an analysis_tail_pools. */
void analysis_tail_take(void *ctx, uint32_t span, const analysis_span_work *s, analysis_detail *detail);

void analysis_tail_pools_free(analysis_tail_pools *pools);

/* Means over some samples. All times are ms; NaN is missing. */
typedef struct {
    size_t n;
    double latency, busy, issuing, waiting,
        between; /* latency = busy + the three in which the GPU did not run */
    double kernels, gap;
} analysis_tail_means;

/* One k, phase and kind of watching. */
typedef struct {
    uint32_t k;
    analysis_phase phase;
    bool step;
    analysis_watching watching; /* WATCHED, UNWATCHED */
    size_t n;                   /* samples in all */
    double p50; /* ms, their median latency: until the GPU's work ended, of unwatched ones the range's */
    analysis_tail_means slow; /* the slowest 1 %, at least one sample and at most ANALYSIS_TAIL_SLOW */
    analysis_tail_means
        typical;              /* those kept that are nearest to the median: at most a quarter of n, and 16 */
    uint32_t request, number; /* of the slowest: its request and, of a step, its number; or ANALYSIS_NONE */
    double gap_at;            /* of the slowest: where its longest gap began; ms from its start */
} analysis_tail_row;

typedef enum {
    ANALYSIS_TAIL_HOST,       /* host time of a range, without those inside */
    ANALYSIS_TAIL_GPU,        /* GPU time of a range, likewise */
    ANALYSIS_TAIL_HOST_LAYER, /* of all ranges of a layer */
    ANALYSIS_TAIL_GPU_LAYER,
    ANALYSIS_TAIL_KERNEL, /* GPU time of a kernel, or of copies and fills */
    ANALYSIS_TAIL_KINDS
} analysis_tail_kind;

/* What differs between the slow and the typical samples of a row: means of a sample. */
typedef struct {
    size_t row;
    analysis_tail_kind kind;
    char *what; /* path of the range below its phase and step, "layer N", or a mangled kernel name */
    double slow, typical;             /* ms */
    double slow_count, typical_count; /* ranges, or pieces of GPU work */
} analysis_tail_cause;

typedef struct {
    analysis_tail_row *rows; /* by k, phase, steps last, then watched before unwatched */
    size_t row_count, row_cap;
    analysis_tail_cause *causes; /* by how much they differ, descending */
    size_t cause_count, cause_cap;
} analysis_tails;

/* From what was kept, and the samples of the whole trace. `gpu`: it holds GPU work. */
void analysis_tails_make(analysis_tails *tails, const analysis_tail_pools *pools, analysis_ranges *ranges,
                         const analysis_samples *samples, bool gpu);

void analysis_tails_free(analysis_tails *tails);

#endif
