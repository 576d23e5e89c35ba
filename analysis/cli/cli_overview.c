/* See cli_overview.h. */
#include "analysis/cli/cli_overview.h"

#include "analysis/cli/cli_options.h"
#include "analysis/cli/cli_run_totals.h"
#include "analysis/cli/cli_table_options.h"

static void put_known_text(report_table *t, const char *text) {
    if (text) {
        report_table_cell(t, "%s", text);
    } else {
        report_table_missing(t);
    }
}

static const char *completeness(const cli_run_totals *totals) {
    if (cli_run_totals_complete(totals)) {
        return "yes";
    }
    return totals->abrupt > 0 ? "no end" : "no";
}

static void put_run_row(report_table *t, const cli_run *run, const cli_run_totals *totals) {
    report_table_cell(t, "%s", run->path);
    put_known_text(t, totals->program);
    put_known_text(t, totals->started);
    report_table_count(t, totals->traces);
    report_table_count(t, totals->requests);
    if (totals->have_gpu) {
        report_table_count(t, totals->kernels);
    } else {
        report_table_missing(t);
    }
    report_table_cell(t, "%s", completeness(totals));
}

int cli_overview_print(const cli_runs *runs, const char *directory, report_format format) {
    static const report_column columns[] = {{"run", "run", 'l'},           {"program", "program", 'l'},
                                            {"started", "started", 'l'},   {"processes", "processes", 'r'},
                                            {"requests", "requests", 'r'}, {"kernels", "kernels", 'r'},
                                            {"complete", "complete", 'l'}};
    size_t read = 0;
    report_output out;
    report_table t;
    cli_output_begin(&out, format);
    report_output_report(&out, directory);
    report_table_begin(&t, "runs", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "%zu runs", runs->count);
    for (size_t i = 0; i < runs->count; i++) {
        cli_run_totals totals;
        const cli_run *run = &runs->list[i];
        cli_run_totals_read(&totals, run->traces.list, run->traces.count);
        read += totals.traces - totals.unreadable;
        put_run_row(&t, run, &totals);
        cli_run_totals_free(&totals);
    }
    report_table_note(&t, "Report on one: moetrace report RUN, such as %s.",
                      runs->list[runs->count - 1].path);
    report_table_note(&t, "Compare two: moetrace diff RUN RUN.");
    report_output_table(&out, &t);
    return cli_output_end(&out, read > 0 ? CLI_OK : CLI_FAILED);
}
