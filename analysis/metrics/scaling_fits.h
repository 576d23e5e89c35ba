/* Fits of latency over k and over the number of active experts. */
#ifndef METRICS_SCALING_FITS_H
#define METRICS_SCALING_FITS_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/stats/segmented_fit.h"

/* The fits of one kind of row over all known k. */
typedef struct {
    metrics_row_kind kind;
    bool has_k, has_n;         /* by_k, by_active are valid */
    stats_fit by_k, by_active; /* ms = a + b k, and ms = a + b N with N active experts per layer */
    double k_preferred;        /* share of resamples in which by_k has the smaller residuals; NaN: unknown */
    stats_breakpoint bend;     /* of ms over k */
} metrics_scaling;

/* The fits of all kinds. With fewer than two values of k both fits are missing. */
typedef struct {
    metrics_scaling of[METRICS_ROWS];
} metrics_fits;

/* Returns whether either fit is valid. */
bool metrics_scaling_known(const metrics_scaling *s);

/* ---- Computing the fits of one kind of row, in parts that can run on different threads ---- */

typedef enum {
    METRICS_FIT_PREFERRED, /* the slowest */
    METRICS_FIT_BEND,
    METRICS_FIT_BY_ACTIVE,
    METRICS_FIT_BY_K,
    METRICS_FIT_PARTS
} metrics_fit_part;

/* The samples of one kind of row, grouped by k into strata (stats/bootstrap.h). */
typedef struct {
    metrics_scaling *scaling;
    double *k, *active, *y; /* of each sample: k, active experts per layer, ms */
    double *distinct;       /* the k of each stratum */
    size_t *strata;         /* first index of each stratum, then the number of samples */
    size_t count;           /* number of strata */
    bool counted;           /* `active` is known for all samples */
} metrics_fitting;

/* Collects the samples of the rows of `kind`, which metrics_row_begin must have made. */
void metrics_fitting_begin(metrics_fitting *f, metrics_scaling *scaling, const metrics_rows *rows,
                           metrics_row_kind kind);

/* Computes one part of *scaling; the caller computes each part once before the end. */
void metrics_fitting_make(metrics_fitting *f, metrics_fit_part part);

/* Frees *f; the scaling remains. */
void metrics_fitting_end(metrics_fitting *f);

#endif
