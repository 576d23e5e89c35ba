/* The report's table of classes of kernels. */
#include "analysis/report/report_internal.h"

#include <stdlib.h>
#include <string.h>

static void put_class(const metrics_results *r, report_table *t, const char *phase, const char *class_name,
                      attribution_work work) {
    report_table_cell(t, "%s", phase);
    report_table_cell(t, "%s", class_name);
    report_table_ms(t, (double)work.ns / 1e6);
    report_table_share(t, work.ns, r->classes.all.ns);
    report_table_count(t, work.count);
}

/* Whether rows `at` and `other` have the same class. */
static bool same_class(const metrics_class_costs *c, size_t at, size_t other) {
    return strcmp(c->list[at].class_name, c->list[other].class_name) == 0;
}

/* The classes of all phases together, in the order of `list`, which is that of their first phase. */
static void put_all_phases(const metrics_results *r, report_table *t) {
    const metrics_class_costs *c = &r->classes;
    for (size_t i = 0; i < c->count; i++) {
        attribution_work work = {0};
        size_t first = 0;
        while (!same_class(c, first, i)) {
            first++;
        }
        for (size_t j = i; first == i && j < c->count; j++) {
            if (same_class(c, i, j)) {
                work.count += c->list[j].work.count;
                work.ns += c->list[j].work.ns;
            }
        }
        if (first == i) {
            put_class(r, t, "all", c->list[i].class_name, work);
        }
    }
}

void report_kernel_classes(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"phase", "phase", 'l'},
                                            {"class", "class", 'l'},
                                            {"gpu_ms", "GPU ms", 'r'},
                                            {"share_percent", "share %", 'r'},
                                            {"count", "count", 'r'}};
    const metrics_class_costs *c = &r->classes;
    char buf[64];
    if (c->count == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "kernel_classes", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "GPU time by class of kernel, inferred from names (%s)", report_choice(r, buf));
    for (size_t i = 0; i < c->count; i++) {
        put_class(r, &t, attribution_phase_name(c->list[i].phase), c->list[i].class_name, c->list[i].work);
    }
    if (c->list[0].phase != c->list[c->count - 1].phase) {
        put_all_phases(r, &t);
    }
    put_class(r, &t, "all", "all", c->all);
    report_table_note(
        &t, "Classes come from the names of kernels alone, not from ranges; phase -: in no phase, or not "
            "attributed. All rows of phases add up to the last one.");
    report_output_table(out, &t);
}
