/* Latency over k and over active experts: least squares with confidence intervals, and where the slope changes. */
#include "analysis/metrics/scaling_fits.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>

void metrics_fitting_begin(metrics_fitting *f, metrics_scaling *scaling, const metrics_rows *rows,
                           metrics_row_kind kind) {
    size_t n = 0;
    for (size_t i = 0; i < rows->count; i++) {
        n += rows->list[i].kind == kind ? rows->list[i].latency.n : 0;
    }
    *scaling = (metrics_scaling){.kind = kind};
    *f = (metrics_fitting){.scaling = scaling,
                           .k = base_alloc(n, sizeof *f->k),
                           .active = base_alloc(n, sizeof *f->active),
                           .y = base_alloc(n, sizeof *f->y),
                           .distinct = base_alloc(rows->count, sizeof *f->distinct),
                           .strata = base_alloc(rows->count + 1, sizeof *f->strata),
                           .counted = true};
    for (size_t i = 0; i < rows->count; i++) {
        const metrics_row *row = &rows->list[i];
        if (row->kind != kind || row->k == BASE_NONE) {
            continue;
        }
        f->distinct[f->count] = row->k;
        size_t at = f->strata[f->count++];
        for (size_t j = 0; j < row->latency.n; j++, at++) {
            f->k[at] = row->k;
            f->active[at] = row->experts[j];
            f->y[at] = row->samples[j];
            f->counted = f->counted && !isnan(f->active[at]);
        }
        f->strata[f->count] = at;
    }
}

void metrics_fitting_make(metrics_fitting *f, metrics_fit_part part) {
    metrics_scaling *s = f->scaling;
    switch (part) {
    case METRICS_FIT_PREFERRED:
        s->k_preferred = f->counted ? stats_fit_preferred(f->k, f->active, f->y, f->strata, f->count) : NAN;
        break;
    case METRICS_FIT_BEND:
        s->bend = stats_find_breakpoint(f->distinct, f->y, f->strata, f->count);
        break;
    case METRICS_FIT_BY_ACTIVE:
        s->has_n = f->counted && stats_fit_line(&s->by_active, f->active, f->y, f->strata, f->count);
        break;
    default:
        s->has_k = stats_fit_line(&s->by_k, f->k, f->y, f->strata, f->count);
        break;
    }
}

void metrics_fitting_end(metrics_fitting *f) {
    if (!f->scaling->has_k || !f->scaling->has_n) {
        f->scaling->k_preferred = NAN; /* there is nothing to prefer it to */
    }
    free(f->k);
    free(f->active);
    free(f->y);
    free(f->distinct);
    free(f->strata);
}

bool metrics_scaling_known(const metrics_scaling *s) {
    return s->has_k || s->has_n;
}
