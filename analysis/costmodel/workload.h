/* What was run, as far as costs by shape need it: the model, the type of its numbers, the request. From a
 * mark in the trace, and from options, which go before it.
 *
 * The mark is an NVTX mark in any domain, of at most 64 KiB, that says
 *
 *     model={"config": {...}, "dtype": "bf16", "moe": "active", "prompt_tokens": 326, "crops": 2}
 *
 * config holds fields of Molmo's config.json (model_flops.h lists those that are needed), dtype is one of
 * COSTMODEL_DTYPE_NAMES, and moe "dense" says that every expert computes every decoded token. All but config
 * may be absent. run_native makes one; docs/report.md shows how others can. */
#ifndef COSTMODEL_WORKLOAD_H
#define COSTMODEL_WORKLOAD_H

#include "analysis/costmodel/model_flops.h"
#include "analysis/names/name_table.h"

typedef struct {
    bool has_model, has_type;
    costmodel_model model;
    costmodel_dtype type;
    double prompt, crops;            /* NaN where it is not known */
    bool has_moe;                    /* it is known which experts compute a decoded token: */
    bool dense;                      /* all of them; else the routed ones */
    char *mark;                      /* the text of the mark that was read, or NULL */
    char problem[TRACE_ERROR_BYTES]; /* why a mark says nothing; "" when there is no problem */
} costmodel_workload;

/* Makes one that knows nothing. */
void costmodel_workload_init(costmodel_workload *w);

/* Takes a MARK event; one that is no such mark is ignored. Contradictory marks are ignored. */
void costmodel_workload_event(costmodel_workload *w, names_table *names, const trace_host_event *e);

/* Lays what `over` knows (or NULL) over *w. */
void costmodel_workload_override(costmodel_workload *w, const costmodel_workload *over);

/* What is known, in a few words: "molmoe-1b, bf16, 326 prompt tokens, 2 crops"; NULL without a model. */
const char *costmodel_workload_text(const costmodel_workload *w, char buf[160]);

void costmodel_workload_free(costmodel_workload *w);

#endif
