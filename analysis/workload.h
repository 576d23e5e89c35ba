/* What was run, as far as costs by shape need it: the model, the type of its numbers, the request. From a
 * mark in the trace, and from options, which go before it.
 *
 * The mark is an NVTX mark in any domain, of at most 64 KiB, that says
 *
 *     model={"config": {...}, "dtype": "bf16", "moe": "active", "prompt_tokens": 326, "crops": 2}
 *
 * config holds fields of Molmo's config.json (model.h says which are needed), dtype is one of
 * ANALYSIS_TYPE_NAMES, and moe "dense" says that every expert computes every decoded token. All but config
 * may be absent. run_native makes one; docs/report.md shows how others can. */
#ifndef ANALYSIS_WORKLOAD_H
#define ANALYSIS_WORKLOAD_H

#include "analysis/model.h"
#include "analysis/names.h"

typedef struct {
    bool has_model, has_type;
    analysis_model model;
    analysis_type type;
    double prompt, crops;            /* NaN where it is not known */
    bool has_moe;                    /* it is known which experts compute a decoded token: */
    bool dense;                      /* all of them; else those that it is routed to */
    char *mark;                      /* the text of the mark that was read, or NULL */
    char problem[TRACE_ERROR_BYTES]; /* why a mark says nothing; "" when there is no problem */
} analysis_workload;

/* Makes one that knows nothing. */
void analysis_workload_init(analysis_workload *w);

/* Takes a MARK event; one that is no such mark is ignored. Marks that contradict each other say nothing. */
void analysis_workload_event(analysis_workload *w, analysis_names *names, const trace_host_event *e);

/* Lays what `over` knows (or NULL) over *w. */
void analysis_workload_override(analysis_workload *w, const analysis_workload *over);

/* What is known, in a few words: "molmoe-1b, bf16, 326 prompt tokens, 2 crops"; NULL without a model. */
const char *analysis_workload_text(const analysis_workload *w, char buf[160]);

void analysis_workload_free(analysis_workload *w);

#endif
