/* GPU time by phase and class of kernel. */
#include "analysis/metrics/kernel_class_costs.h"

#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"
#include "analysis/metrics/selection.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_OF_TRANSFERS "memcpy"
#define NO_CLASS           "unclassified"

static void add_class_work(metrics_class_costs *c, attribution_phase phase, const char *class_name,
                           attribution_work work) {
    size_t at = 0;
    while (at < c->count && (c->list[at].phase != phase || strcmp(c->list[at].class_name, class_name) != 0)) {
        at++;
    }
    if (at == c->count) {
        c->list = base_grow(c->list, &c->cap, c->count + 1, sizeof *c->list);
        c->list[c->count++] =
            (metrics_class_row){.phase = phase, .class_name = base_copy(class_name, strlen(class_name))};
    }
    c->list[at].work.count += work.count;
    c->list[at].work.ns += work.ns;
    c->all.count += work.count;
    c->all.ns += work.ns;
}

static int by_phase_and_time(const void *a, const void *b) {
    const metrics_class_row *x = a, *y = b;
    int order = (x->phase > y->phase) - (x->phase < y->phase);
    order = order ? order : (x->work.ns < y->work.ns) - (x->work.ns > y->work.ns);
    return order ? order : strcmp(x->class_name, y->class_name);
}

static void add_kernels(metrics_class_costs *c, const metrics_selection *selection,
                        const names_kernel_classes *classes) {
    const names_table *names = attribution_ranges_names(selection->ranges);
    const char **class_of = base_alloc(names->count, sizeof *class_of); /* by name; NULL: not asked yet */
    size_t count;
    const attribution_total *kernels = attribution_ranges_kernels(selection->ranges, &count);
    for (size_t i = 0; i < count; i++) {
        const attribution_total *kernel = &kernels[i];
        if (!metrics_selection_has_kernel(selection, kernel)) {
            continue;
        }
        if (!class_of[kernel->name]) {
            const char *found = names_kernel_class(classes, names_entry_at(names, kernel->name)->text);
            class_of[kernel->name] = found ? found : NO_CLASS;
        }
        attribution_phase phase = kernel->node == BASE_NONE
                                      ? ATTRIBUTION_PHASES
                                      : attribution_ranges_node(selection->ranges, kernel->node)->phase;
        add_class_work(c, phase, class_of[kernel->name], (attribution_work){kernel->count, kernel->ns});
    }
    free(class_of);
}

static void add_transfers(metrics_class_costs *c, const metrics_selection *selection,
                          attribution_work unattributed) {
    for (size_t i = 0; i < attribution_ranges_node_count(selection->ranges); i++) {
        const attribution_node *node = attribution_ranges_node(selection->ranges, i);
        if (node->transfers > 0 && metrics_selection_has(selection, node)) {
            add_class_work(c, node->phase, CLASS_OF_TRANSFERS,
                           (attribution_work){node->transfers, node->transfer_ns});
        }
    }
    if (selection->k == BASE_NONE && unattributed.count > 0) {
        add_class_work(c, ATTRIBUTION_PHASES, CLASS_OF_TRANSFERS, unattributed);
    }
}

void metrics_class_costs_make(metrics_class_costs *c, const attribution_ranges *ranges, uint32_t k,
                              attribution_work transfers, const names_kernel_classes *classes) {
    metrics_selection selection = metrics_selection_of(ranges, k);
    add_kernels(c, &selection, classes);
    add_transfers(c, &selection, transfers);
    if (c->count > 0) {
        qsort(c->list, c->count, sizeof *c->list, by_phase_and_time);
    }
    attribution_work sum = {0};
    for (size_t i = 0; i < c->count; i++) {
        sum.count += c->list[i].work.count;
        sum.ns += c->list[i].work.ns;
    }
    BASE_ASSERT(sum.count == c->all.count && sum.ns == c->all.ns);
}

void metrics_class_costs_free(metrics_class_costs *c) {
    for (size_t i = 0; i < c->count; i++) {
        free(c->list[i].class_name);
    }
    free(c->list);
    memset(c, 0, sizeof *c);
}
