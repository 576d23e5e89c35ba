/* The making of the fits of sweep.h, of one kind of row, in parts that can be made at the same time. */
#ifndef ANALYSIS_SCALING_H
#define ANALYSIS_SCALING_H

#include "analysis/sweep.h"

typedef enum {
    ANALYSIS_FIT_PREFERRED, /* takes longest */
    ANALYSIS_FIT_BEND,
    ANALYSIS_FIT_BY_ACTIVE,
    ANALYSIS_FIT_BY_K,
    ANALYSIS_FIT_PARTS
} analysis_fit_part;

/* The samples of a kind of row, by k: those of one k are a stratum. */
typedef struct {
    analysis_scaling *scaling;
    double *k, *active, *y; /* of each sample: its k, active experts of a layer, ms */
    double *distinct;       /* the k of each stratum */
    size_t *strata;         /* where each begins, and where the last ends */
    size_t count;           /* strata */
    bool counted;           /* active experts are known of all */
} analysis_fitting;

/* Takes the samples of the rows of `kind`, whose statistics need not have been made. */
void analysis_fitting_begin(analysis_fitting *f, analysis_scaling *scaling, const analysis_rows *rows,
                            analysis_row_kind kind);

/* Makes a part of the scaling; each has to be made once before the end. */
void analysis_fitting_make(analysis_fitting *f, analysis_fit_part part);

/* Frees what it holds. */
void analysis_fitting_end(analysis_fitting *f);

#endif
