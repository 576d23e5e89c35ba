/* Which ranges and kernels count. */
#include "analysis/metrics/selection.h"

#include "analysis/base/alloc.h"

bool metrics_selection_has(const metrics_selection *s, const attribution_node *node) {
    const attribution_group *group = attribution_ranges_group(s->ranges, node->group);
    return !group->warm && (s->k == BASE_NONE || group->k == s->k);
}

bool metrics_selection_has_kernel(const metrics_selection *s, const attribution_total *kernel) {
    if (kernel->node == BASE_NONE) {
        return s->k == BASE_NONE;
    }
    return metrics_selection_has(s, attribution_ranges_node(s->ranges, kernel->node));
}

bool metrics_selection_has_host(const metrics_selection *s, const attribution_node *node) {
    return !s->profiled || attribution_ranges_profiled(s->ranges, node->group);
}

metrics_selection metrics_selection_of(const attribution_ranges *ranges, uint32_t k) {
    metrics_selection s = {.ranges = ranges, .k = k};
    for (size_t i = ATTRIBUTION_ROOT + 1; i < attribution_ranges_node_count(ranges) && !s.profiled; i++) {
        const attribution_node *node = attribution_ranges_node(ranges, i);
        s.profiled = node->phase != ATTRIBUTION_PHASES && metrics_selection_has(&s, node) &&
                     attribution_ranges_profiled(ranges, node->group);
    }
    return s;
}
