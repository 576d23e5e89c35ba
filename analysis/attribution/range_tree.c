/* The tree of range paths: nodes are made once and found again without a search. */
#include "analysis/attribution/range_tree.h"

#include "analysis/base/alloc.h"

uint32_t attribution_tree_group(attribution_ranges *r, attribution_group group) {
    for (size_t i = 0; i < r->group_count; i++) {
        const attribution_group *has = &r->groups[i];
        if (has->k == group.k && has->warm == group.warm && has->profiling == group.profiling) {
            return (uint32_t)i;
        }
    }
    r->groups = base_grow(r->groups, &r->group_cap, r->group_count + 1, sizeof *r->groups);
    r->groups[r->group_count] = group;
    return (uint32_t)r->group_count++;
}

static attribution_phase phase_of(names_role role, attribution_phase around) {
    return role == NAMES_ROLE_VISION    ? ATTRIBUTION_VISION
           : role == NAMES_ROLE_PREFILL ? ATTRIBUTION_PREFILL
           : role == NAMES_ROLE_DECODE  ? ATTRIBUTION_DECODE
                                        : around;
}

/* A new node: what its name says, over what it has from its parent. */
static uint32_t new_node(attribution_ranges *r, uint32_t parent, uint32_t index,
                         attribution_profiling profiling) {
    const names_entry *name = &r->names->list[index];
    r->nodes = base_grow(r->nodes, &r->node_cap, r->node_count + 1, sizeof *r->nodes);
    const attribution_node *above = &r->nodes[parent];
    attribution_group group = r->groups[above->group];
    attribution_node node = {.parent = parent,
                             .name = name->family,
                             .origin = index,
                             .layer = above->layer,
                             .expert = above->expert,
                             .phase = phase_of(name->role, above->phase),
                             .part = names_part_of(name->role, above->part),
                             .profiling = profiling,
                             .child = BASE_NONE,
                             .after = BASE_NONE};
    group.profiling = profiling;
    switch (name->role) {
    case NAMES_ROLE_TOP_K:
        group.k = name->number;
        break;
    case NAMES_ROLE_WARMUP:
        group.warm = true;
        break;
    case NAMES_ROLE_LAYER:
        node.layer = name->number;
        break;
    case NAMES_ROLE_LAYER_EXPERT:
        node.layer = name->number;
        node.opens_expert = node.expert == BASE_NONE;
        node.expert = name->expert;
        break;
    case NAMES_ROLE_EXPERT:
        node.opens_expert = node.expert == BASE_NONE;
        node.expert = name->number;
        break;
    default:
        break;
    }
    node.group = attribution_tree_group(r, group);
    r->nodes[r->node_count] = node;
    return (uint32_t)r->node_count++;
}

/* Ranges opened while profiling and while not are nodes of their own: they are counted apart. Siblings follow
 * each other in the same order again and again, so the one that did so the time before is tried first. */
uint32_t attribution_tree_child(attribution_ranges *r, uint32_t parent, uint32_t index,
                                attribution_profiling profiling) {
    uint32_t family = r->names->list[index].family, last = r->nodes[parent].child;
    uint32_t guess = last == BASE_NONE ? BASE_NONE : r->nodes[last].after;
    if (guess != BASE_NONE && r->nodes[guess].name == family && r->nodes[guess].profiling == profiling) {
        r->nodes[parent].child = guess;
        return guess;
    }
    uint64_t key = (uint64_t)parent << 32 | (uint64_t)family << 2 | profiling;
    uint32_t node = base_map_get(&r->by_path, key);
    if (node == BASE_NONE) {
        node = new_node(r, parent, index, profiling);
        base_map_put(&r->by_path, key, node);
    }
    r->nodes[last == BASE_NONE ? node : last].after = node;
    r->nodes[parent].child = node;
    return node;
}

uint32_t attribution_ranges_child(attribution_ranges *r, uint32_t parent, uint32_t like) {
    return attribution_tree_child(r, parent, r->nodes[like].origin,
                                  r->groups[r->nodes[parent].group].profiling);
}
