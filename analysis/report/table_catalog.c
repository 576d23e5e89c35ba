/* See table_catalog.h. */
#include "analysis/report/table_catalog.h"

#include <stdint.h>
#include <string.h>

static const report_catalog_entry catalog[] = {
    {"run", "run", "facts about the recording: program, time, versions, devices, model"},
    {"captures", "run", "captures of a sweep, each of a run with its own k"},
    {"verdict", "summary", "what k costs, what limits it and what would help, in sentences"},
    {"doubts", "summary", "what makes these results uncertain, in sentences"},
    {"summary", "summary", "median latencies, slowdown and bottleneck of each k"},
    {"latency", "latency", "latency of each phase at each k: percentiles, mean, standard deviation"},
    {"step_shapes", "latency", "latency of a server's steps by requests and tokens"},
    {"confidence", "latency", "confidence intervals of the latencies, drift, outliers"},
    {"overhead", "latency", "profiled requests compared with unprofiled ones"},
    {"gpu_time", "gpu", "GPU busy and idle time of each phase, by what the host did"},
    {"devices", "gpu", "busy and idle time of each GPU in the whole capture, and communication"},
    {"bottleneck", "bottleneck", "bottleneck of each phase with its evidence"},
    {"roofline", "bottleneck", "achieved FLOP/s and bandwidth of each phase and part"},
    {"scaling", "scaling", "slowdown and efficiency against the smallest k"},
    {"prefill_decode", "scaling", "prefill compared with decode"},
    {"fits", "scaling", "fixed and marginal cost: linear fits over k and over active experts"},
    {"slope_change", "scaling", "whether the slope over k changes, and where"},
    {"phase_parts", "parts", "GPU time of each phase by part of the model"},
    {"layer_parts", "parts", "GPU time of each layer by part of the model"},
    {"layer_kernels", "parts", "GPU time by phase, layer, part and kernel"},
    {"experts", "experts", "GPU and host time, calls and tokens of each expert, over all layers"},
    {"layer_experts", "experts", "the same for each expert of each layer"},
    {"kernels", "kernels", "GPU time of each kernel"},
    {"ranges", "ranges", "GPU and host time of each range"},
    {"kernel_classes", "kernels", "GPU time by class of kernel, inferred from names"},
    {"expert_load", "load", "how evenly tokens and time are spread over the experts of all layers"},
    {"layer_load", "load", "the same for each layer"},
    {"expert_costs", "load", "each expert of each layer at each k and phase"},
    {"tails", "tails", "the slowest 1 % of the samples compared with typical ones"},
    {"tail_breakdown", "tails", "where the difference lies: GPU and host"},
    {"tail_causes", "tails", "ranges and kernels that make the difference"},
    {"completeness", "completeness", "what the trace lacks, and the cost of recording"},
    {"completeness_counts", "completeness", "its numbers for programs, in json and csv"},
};
#define COUNT (sizeof catalog / sizeof *catalog)
_Static_assert(COUNT <= REPORT_CATALOG_MAX, "a selection has a place for each table");

const report_catalog_entry *report_catalog(size_t index) {
    return index < COUNT ? &catalog[index] : NULL;
}

size_t report_catalog_find(const char *id) {
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(catalog[i].id, id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

bool report_selection_add(report_selection *selection, const char *name) {
    bool found = false;
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(catalog[i].section, name) == 0) {
            selection->has[i] = found = true;
        }
    }
    selection->count += found;
    return found || report_selection_add_table(selection, name);
}

bool report_selection_add_table(report_selection *selection, const char *id) {
    size_t table = report_catalog_find(id);
    if (table == SIZE_MAX) {
        return false;
    }
    selection->has[table] = true;
    selection->count++;
    return true;
}

bool report_selection_has(const report_selection *selection, const char *id) {
    size_t table = report_catalog_find(id);
    return table != SIZE_MAX && selection->has[table];
}
