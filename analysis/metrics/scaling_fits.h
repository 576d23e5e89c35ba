/* How latency depends on k and on the number of active experts. */
#ifndef METRICS_SCALING_FITS_H
#define METRICS_SCALING_FITS_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/stats/segmented_fit.h"

/* How latency depends on k, for one kind of row over all k that are known. */
typedef struct {
    metrics_row_kind kind;
    bool has_k, has_n;         /* whether there is such a fit */
    stats_fit by_k, by_active; /* ms = a + b k, and ms = a + b N, N being active experts of a layer */
    double k_preferred;        /* in what share of draws the first leaves less; NaN: not known */
    stats_breakpoint bend;     /* of ms over k */
} metrics_scaling;

/* Of every kind. Where neither fit could be made, with fewer than two values of k, both are missing. */
typedef struct {
    metrics_scaling of[METRICS_ROWS];
} metrics_fits;

/* Whether either fit was made. */
bool metrics_scaling_known(const metrics_scaling *s);

/* ---- The making of the fits of one kind of row, in parts that can be made at the same time ---- */

typedef enum {
    METRICS_FIT_PREFERRED, /* takes longest */
    METRICS_FIT_BEND,
    METRICS_FIT_BY_ACTIVE,
    METRICS_FIT_BY_K,
    METRICS_FIT_PARTS
} metrics_fit_part;

/* The samples of a kind of row, by k: those of one k are a stratum. */
typedef struct {
    metrics_scaling *scaling;
    double *k, *active, *y; /* of each sample: its k, active experts of a layer, ms */
    double *distinct;       /* the k of each stratum */
    size_t *strata;         /* where each begins, and where the last ends */
    size_t count;           /* strata */
    bool counted;           /* active experts are known of all */
} metrics_fitting;

/* Takes the samples of the rows of `kind`, whose statistics need not have been made. */
void metrics_fitting_begin(metrics_fitting *f, metrics_scaling *scaling, const metrics_rows *rows,
                           metrics_row_kind kind);

/* Makes a part of the scaling; each has to be made once before the end. */
void metrics_fitting_make(metrics_fitting *f, metrics_fit_part part);

/* Frees what it holds. */
void metrics_fitting_end(metrics_fitting *f);

#endif
