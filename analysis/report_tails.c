/* The report's tables of the tails. */
#include "analysis/report.h"

#include "analysis/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *phase_name(const analysis_tail_row *row) {
    return row->step ? "step" : analysis_row_name((analysis_row_kind)row->phase);
}

static const char *watched(const analysis_tail_row *row) {
    return row->watching == ANALYSIS_WATCHED ? "yes" : "no";
}

static void put_head(analysis_table *t, const analysis_tail_row *row) {
    analysis_table_index(t, row->k);
    analysis_table_cell(t, "%s", phase_name(row));
    analysis_table_cell(t, "%s", watched(row));
}

static bool chosen(const analysis_results *r, const analysis_tail_row *row) {
    return r->costs.k == ANALYSIS_NONE || r->costs.k == row->k;
}

static void put_rows(const analysis_results *r, analysis_output *out) {
    static const char *const headers[] = {"k",       "phase",   "watched",    "n",       "P50",    "slowest",
                                          "slow ms", "typical", "typical ms", "more ms", "sample", "step"};
    analysis_table t;
    analysis_table_begin(&t, "rllrrrrrrrrr", 1, headers);
    analysis_table_title(&t, "Tails: the slowest 1 %% against typical samples, ms");
    for (size_t i = 0; i < r->tails.row_count; i++) {
        const analysis_tail_row *row = &r->tails.rows[i];
        if (!chosen(r, row)) {
            continue;
        }
        put_head(&t, row);
        analysis_table_count(&t, row->n);
        analysis_table_ms(&t, row->p50);
        analysis_table_count(&t, row->slow.n);
        analysis_table_ms(&t, row->slow.latency);
        analysis_table_count(&t, row->typical.n);
        analysis_table_ms(&t, row->typical.latency);
        analysis_table_ms(&t, row->slow.latency - row->typical.latency);
        analysis_table_index(&t, row->request);
        analysis_table_index(&t, row->number);
    }
    analysis_table_note(
        &t,
        "Means of the slowest 1 %% (at least one, at most %d) and of those nearest to the median; sample, "
        "step: which was the slowest. Watched and unwatched requests are compared among themselves: the "
        "latencies above are of unwatched ones where there are any, of which only ranges are known.",
        ANALYSIS_TAIL_SLOW);
    analysis_output_table(out, &t);
}

static void put_split(const analysis_results *r, analysis_output *out) {
    static const char *const headers[] = {"k",         "phase",   "more ms",  "GPU busy", "launches", "waits",
                                          "host work", "kernels", "gap slow", "gap typ.", "gap at"};
    analysis_table t;
    analysis_table_begin(&t, "rlrrrrrrrrr", 1, headers);
    analysis_table_title(&t, "Tails: where the difference lies, ms (watched requests)");
    for (size_t i = 0; i < r->tails.row_count; i++) {
        const analysis_tail_row *row = &r->tails.rows[i];
        const analysis_tail_means *x = &row->slow, *y = &row->typical;
        if (!chosen(r, row) || isnan(x->busy)) {
            continue;
        }
        analysis_table_index(&t, row->k);
        analysis_table_cell(&t, "%s", phase_name(row));
        analysis_table_ms(&t, x->latency - y->latency);
        analysis_table_ms(&t, x->busy - y->busy);
        analysis_table_ms(&t, x->issuing - y->issuing);
        analysis_table_ms(&t, x->waiting - y->waiting);
        analysis_table_ms(&t, x->between - y->between);
        analysis_table_number(&t, x->kernels - y->kernels, 1);
        analysis_table_ms(&t, x->gap);
        analysis_table_ms(&t, y->gap);
        analysis_table_ms(&t, row->gap_at);
    }
    if (analysis_table_rows(&t) == 0) {
        analysis_table_free(&t);
        return;
    }
    analysis_table_note(&t, "GPU busy, and the GPU idle while the host was in launches, in waits or at work "
                            "of its own: they add up "
                            "to more ms, slow less typical. gap: the longest stretch without GPU work of the "
                            "sample; at: where it "
                            "began in the slowest, from its start.");
    analysis_output_table(out, &t);
}

static void put_cause(const analysis_tail_row *row, analysis_table *t, const analysis_tail_cause *c) {
    static const char *const kinds[ANALYSIS_TAIL_KINDS] = {"host", "GPU", "host", "GPU", "kernel"};
    char *name = c->kind == ANALYSIS_TAIL_KERNEL && strcmp(c->what, "copies and fills") != 0
                     ? analysis_kernel_name(c->what, 40)
                     : analysis_copy(c->what, strlen(c->what));
    put_head(t, row);
    analysis_table_cell(t, "%s", kinds[c->kind]);
    analysis_table_ms(t, c->slow);
    analysis_table_ms(t, c->typical);
    analysis_table_ms(t, c->slow - c->typical);
    analysis_table_number(t, c->slow_count, 1);
    analysis_table_number(t, c->typical_count, 1);
    analysis_table_cell(t, "%s", name);
    free(name);
}

static void put_causes(const analysis_results *r, size_t top, analysis_output *out) {
    static const char *const headers[] = {"k",       "phase", "watched", "time",   "slow",
                                          "typical", "more",  "n slow",  "n typ.", "what"};
    const analysis_tails *tails = &r->tails;
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < tails->cause_count; i++) {
        count += chosen(r, &tails->rows[tails->causes[i].row]);
    }
    if (count == 0 || top == 0) {
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, "rlllrrrrrl", 9, headers);
    analysis_table_title(&t, "Tails: what made the difference, ms, %zu of %zu by time",
                         count < top ? count : top, count);
    for (size_t i = 0; i < tails->cause_count && shown < top; i++) {
        const analysis_tail_row *row = &tails->rows[tails->causes[i].row];
        if (chosen(r, row)) {
            put_cause(row, &t, &tails->causes[i]);
            shown++;
        }
    }
    analysis_table_note(
        &t, "Means of a sample; more: slow less typical. Of a range its exclusive time on the host or of GPU "
            "work, of "
            "a layer that of all its ranges. n: ranges, or kernels, copies and fills. Host time of a watched "
            "sample holds what recording cost.");
    analysis_output_table(out, &t);
}

void analysis_report_tails(const analysis_results *r, size_t top, analysis_output *out) {
    bool any = false;
    for (size_t i = 0; i < r->tails.row_count; i++) {
        any = any || chosen(r, &r->tails.rows[i]);
    }
    if (any) {
        put_rows(r, out);
        put_split(r, out);
        put_causes(r, top, out);
    }
}
