/* Latency over k and over active experts: least squares, how sure they are, and where the slope changes. */
#include "analysis/scaling.h"

#include "analysis/memory.h"

#include <math.h>
#include <stdlib.h>

void analysis_fitting_begin(analysis_fitting *f, analysis_scaling *scaling, const analysis_rows *rows,
                            analysis_row_kind kind) {
    size_t n = 0;
    for (size_t i = 0; i < rows->count; i++) {
        n += rows->list[i].kind == kind ? rows->list[i].latency.n : 0;
    }
    *scaling = (analysis_scaling){.kind = kind};
    *f = (analysis_fitting){.scaling = scaling,
                            .k = analysis_alloc(n, sizeof *f->k),
                            .active = analysis_alloc(n, sizeof *f->active),
                            .y = analysis_alloc(n, sizeof *f->y),
                            .distinct = analysis_alloc(rows->count, sizeof *f->distinct),
                            .strata = analysis_alloc(rows->count + 1, sizeof *f->strata),
                            .counted = true};
    for (size_t i = 0; i < rows->count; i++) {
        const analysis_row *row = &rows->list[i];
        if (row->kind != kind || row->k == ANALYSIS_NONE) {
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

void analysis_fitting_make(analysis_fitting *f, analysis_fit_part part) {
    analysis_scaling *s = f->scaling;
    switch (part) {
    case ANALYSIS_FIT_PREFERRED:
        s->k_preferred =
            f->counted ? analysis_fit_preferred(f->k, f->active, f->y, f->strata, f->count) : NAN;
        break;
    case ANALYSIS_FIT_BEND:
        s->bend = analysis_find_breakpoint(f->distinct, f->y, f->strata, f->count);
        break;
    case ANALYSIS_FIT_BY_ACTIVE:
        s->has_n = f->counted && analysis_fit_line(&s->by_active, f->active, f->y, f->strata, f->count);
        break;
    default:
        s->has_k = analysis_fit_line(&s->by_k, f->k, f->y, f->strata, f->count);
        break;
    }
}

void analysis_fitting_end(analysis_fitting *f) {
    if (!f->scaling->has_k || !f->scaling->has_n) {
        f->scaling->k_preferred = NAN; /* there is nothing to prefer it to */
    }
    free(f->k);
    free(f->active);
    free(f->y);
    free(f->distinct);
    free(f->strata);
}

bool analysis_scaling_known(const analysis_scaling *s) {
    return s->has_k || s->has_n;
}
