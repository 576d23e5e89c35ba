/* What a trace says about k, in sentences, and what makes that uncertain. Each sentence rests on evidence of the trace, and
 * is left out where it is missing. */
#ifndef REPORT_REPORT_VERDICT_H
#define REPORT_REPORT_VERDICT_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Begin a table of labelled sentences; it may have no rows. Keys of the verdict: `cost` (of k), `free` (a k that costs
 * nothing), `limit` (the bottleneck), `help` (what would help). Keys of the doubts name their reason. */
void report_verdict_table(const metrics_results *results, report_table *t);
void report_doubts_table(const metrics_results *results, report_table *t);

/* Returns the kind of row that the verdict is about: decoded tokens where there are any, else another phase. */
metrics_row_kind report_verdict_kind(const metrics_results *results);

/* Returns the last row of a kind, that of the largest known k if any is known, or NULL. */
const metrics_row *report_verdict_top(const metrics_results *results, metrics_row_kind kind);

/* Returns whether it is known that no more experts ran at `row` than at `base`, the row of a smaller k. */
bool report_verdict_same_experts(const metrics_row *base, const metrics_row *row);

/* Returns whether `row` takes at most a little longer than `base`, and is not faster, by the bounds of their intervals. */
bool report_verdict_is_free(const metrics_row *base, const metrics_row *row);

/* Returns the row's bottleneck; unknown if it could be the profiling that made the host slow, or `row` is NULL. */
metrics_verdict report_verdict_of(const metrics_results *results, const metrics_row *row);

#endif
