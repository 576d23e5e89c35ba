/* The model of an option against the trace. */
#include "analysis/metrics/model_check.h"

#include "analysis/base/alloc.h"
#include "analysis/base/u64_map.h"

#include <inttypes.h>
#include <stdio.h>

/* A dimension that the mark and the option have, and where they differ; false if they do not. */
static bool differs_from_mark(costmodel_workload *w, const costmodel_model *marked) {
    const struct {
        const char *name;
        double ours, marks;
    } dimensions[] = {{"layers", w->model.layers, marked->layers},
                      {"experts", w->model.experts, marked->experts},
                      {"d_model", w->model.width, marked->width},
                      {"expert width", w->model.expert_width, marked->expert_width},
                      {"vocabulary", w->model.vocabulary, marked->vocabulary}};
    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++) {
        if (dimensions[i].ours != dimensions[i].marks) {
            snprintf(w->contradiction, sizeof w->contradiction, "%s: %.0f in %s, %.0f in the trace's mark",
                     dimensions[i].name, dimensions[i].ours, w->model.name, dimensions[i].marks);
            return true;
        }
    }
    return false;
}

/* The numbers of layers, or of experts, in prefill and decode. */
typedef struct {
    uint64_t most; /* 1 + the greatest; 0: there is none */
    uint64_t distinct;
    base_map seen;
} range_numbers;

static void add_number(range_numbers *n, uint32_t number) {
    if (number != BASE_NONE && base_map_get(&n->seen, number) == BASE_NONE) {
        base_map_put(&n->seen, number, 0);
        n->distinct++;
        n->most = number >= n->most ? number + (uint64_t)1 : n->most;
    }
}

static bool differs_from_ranges(costmodel_workload *w, const attribution_ranges *ranges) {
    range_numbers layers = {0}, experts = {0};
    for (size_t i = 1; i < attribution_ranges_node_count(ranges); i++) {
        const attribution_node *node = attribution_ranges_node(ranges, i);
        if (node->phase == ATTRIBUTION_PREFILL || node->phase == ATTRIBUTION_DECODE) {
            add_number(&layers, node->layer);
            add_number(&experts, node->expert);
        }
    }
    base_map_free(&layers.seen);
    base_map_free(&experts.seen);
    /* Experts may get no token; some layers may have no range, but not those behind the last. */
    bool all = layers.distinct == layers.most && layers.most > 0;
    if ((double)layers.most > w->model.layers || (all && (double)layers.most < w->model.layers)) {
        snprintf(w->contradiction, sizeof w->contradiction,
                 "layers: %.0f in %s, %" PRIu64 " in the trace's ranges", w->model.layers, w->model.name,
                 layers.most);
        return true;
    }
    if ((double)experts.most > w->model.experts) {
        snprintf(w->contradiction, sizeof w->contradiction,
                 "experts: %.0f in %s, at least %" PRIu64 " in the trace's ranges", w->model.experts,
                 w->model.name, experts.most);
        return true;
    }
    return false;
}

void metrics_model_check(costmodel_workload *w, const costmodel_model *marked,
                         const attribution_ranges *ranges) {
    if (w->has_model && ((marked && differs_from_mark(w, marked)) || differs_from_ranges(w, ranges))) {
        w->has_model = false;
    }
}
