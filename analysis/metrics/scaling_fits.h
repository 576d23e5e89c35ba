/* The making of the fits of sweep.h, of one kind of row, in parts that can be made at the same time. */
#ifndef METRICS_SCALING_FITS_H
#define METRICS_SCALING_FITS_H

#include "analysis/metrics/latency_sweep.h"

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
