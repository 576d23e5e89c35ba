/* The workload, as the cost model needs it: model, data type, request. It comes from a mark in the trace and from options,
 * which take precedence.
 *
 * The mark is an NVTX mark in any domain, of at most 64 KiB, with the text
 *
 *     model={"config": {...}, "dtype": "bf16", "moe": "active", "prompt_tokens": 326, "crops": 2}
 *
 * config has the fields of Molmo's config.json (model_flops.h lists the required ones), dtype is one of
 * COSTMODEL_DTYPE_NAMES, and moe is "dense" if every expert computes every decoded token. All members but config are
 * optional. run_native makes such a mark; docs/report.md describes how other programs can. */
#ifndef COSTMODEL_WORKLOAD_H
#define COSTMODEL_WORKLOAD_H

#include "analysis/costmodel/model_flops.h"
#include "analysis/names/name_table.h"

typedef struct {
    bool has_model, has_type;
    costmodel_model model;
    costmodel_dtype type;
    double prompt, crops; /* prompt tokens and image crops of a request; NaN if unknown */
    bool has_moe;         /* `dense` is known */
    bool dense;           /* every expert computes each decoded token; else only the routed ones do */
    char *mark;           /* the text of the mark, or NULL */
    char contradiction
        [TRACE_ERROR_BYTES]; /* why the model of an option is not used: it does not fit the trace; "" if it does */
    char problem[TRACE_ERROR_BYTES]; /* why a mark is not used; "" if there is no problem */
} costmodel_workload;

/* Makes *w a workload of which nothing is known. */
void costmodel_workload_init(costmodel_workload *w);

/* Adds a MARK event; other marks are ignored. If two marks contradict each other, neither is used. */
void costmodel_workload_event(costmodel_workload *w, names_table *names, const trace_host_event *e);

/* Replaces the members of *w by those that are known in *over, which may be NULL. */
void costmodel_workload_override(costmodel_workload *w, const costmodel_workload *over);

/* Formats a summary such as "molmoe-1b, bf16, 326 prompt tokens, 2 crops"; returns `buf`, or NULL without a model. */
const char *costmodel_workload_text(const costmodel_workload *w, char buf[160]);

void costmodel_workload_free(costmodel_workload *w);

#endif
