/* See report_captures.h. */
#include "analysis/report/report_captures.h"

#include "analysis/report/report_internal.h"
#include "analysis/report/report_screen.h"

#include <inttypes.h>

static void put_captures(const metrics_capture *captures, size_t count, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"capture", "capture", 'l'},
                                            {"trace", "trace", 'l'},
                                            {"traces", "traces", 'r'},
                                            {"phases", "phases", 'r'},
                                            {"kernels", "kernels", 'r'},
                                            {"unattributed", "unattributed", 'r'},
                                            {"complete", "complete", 'l'},
                                            {"model", "model", 'l'}};
    report_table t;
    size_t several = 0;
    report_table_begin(&t, "captures", REPORT_COLUMNS(columns), 2);
    report_table_title(&t, "Captures of the sweep");
    for (size_t i = 0; i < count; i++) {
        const metrics_capture *c = &captures[i];
        several += c->alike > 1;
        report_table_count(&t, c->k);
        report_table_cell(&t, "%s", c->path);
        report_table_cell(&t, "%s", c->trace);
        report_table_count(&t, c->traces);
        report_table_count(&t, c->phases);
        if (c->have_gpu) {
            report_table_count(&t, c->kernels);
            report_table_count(&t, c->unattributed);
        } else {
            report_table_missing(&t);
            report_table_missing(&t);
        }
        report_table_cell(&t, "%s", c->complete ? "yes" : "no");
        if (c->model[0]) {
            report_table_cell(&t, "%s", c->model);
        } else {
            report_table_missing(&t);
        }
    }
    if (several > 0) {
        report_table_note(
            &t,
            "%zu captures have several traces with phases, such as ranks: the first of them, in "
            "column trace, is used.",
            several);
    }
    report_table_note(&t, "Experts, kernels and completeness of one capture: moetrace report TRACE.");
    report_output_table(out, &t);
}

void report_captures_print(const metrics_capture *captures, size_t count, const metrics_results *joined,
                           bool screen, report_output *out) {
    if (screen) {
        report_screen(joined, NULL, out);
        putc('\n', out->file);
    } else {
        report_output_report(out, joined->path);
    }
    put_captures(captures, count, out);
    if (!screen) {
        report_sentences(joined, out);
        report_summary(joined, out);
        report_latency(joined, out);
        report_bottleneck(joined, out);
        report_scaling(joined, out);
    }
}
