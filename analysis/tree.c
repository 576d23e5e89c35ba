/* The tree of range paths: nodes are made once and found again without a search. */
#include "analysis/tree.h"

#include "analysis/memory.h"

uint32_t analysis_tree_group(analysis_ranges *r, analysis_group group) {
    for (size_t i = 0; i < r->group_count; i++) {
        const analysis_group *has = &r->groups[i];
        if (has->k == group.k && has->warm == group.warm && has->watching == group.watching) {
            return (uint32_t)i;
        }
    }
    r->groups = analysis_grow(r->groups, &r->group_cap, r->group_count + 1, sizeof *r->groups);
    r->groups[r->group_count] = group;
    return (uint32_t)r->group_count++;
}

static analysis_phase phase_of(analysis_role role, analysis_phase around) {
    return role == ANALYSIS_ROLE_VISION    ? ANALYSIS_VISION
           : role == ANALYSIS_ROLE_PREFILL ? ANALYSIS_PREFILL
           : role == ANALYSIS_ROLE_DECODE  ? ANALYSIS_DECODE
                                           : around;
}

/* A new node: what its name says, over what it has from its parent. */
static uint32_t new_node(analysis_ranges *r, uint32_t parent, uint32_t index, analysis_watching watching) {
    const analysis_name *name = &r->names->list[index];
    r->nodes = analysis_grow(r->nodes, &r->node_cap, r->node_count + 1, sizeof *r->nodes);
    const analysis_node *above = &r->nodes[parent];
    analysis_group group = r->groups[above->group];
    analysis_node node = {.parent = parent,
                          .name = name->family,
                          .origin = index,
                          .layer = above->layer,
                          .expert = above->expert,
                          .phase = phase_of(name->role, above->phase),
                          .part = analysis_part_of(name->role, above->part),
                          .watching = watching,
                          .child = ANALYSIS_NONE,
                          .after = ANALYSIS_NONE};
    group.watching = watching;
    switch (name->role) {
    case ANALYSIS_ROLE_TOP_K:
        group.k = name->number;
        break;
    case ANALYSIS_ROLE_WARMUP:
        group.warm = true;
        break;
    case ANALYSIS_ROLE_LAYER:
        node.layer = name->number;
        break;
    case ANALYSIS_ROLE_LAYER_EXPERT:
        node.layer = name->number;
        node.opens_expert = node.expert == ANALYSIS_NONE;
        node.expert = name->expert;
        break;
    case ANALYSIS_ROLE_EXPERT:
        node.opens_expert = node.expert == ANALYSIS_NONE;
        node.expert = name->number;
        break;
    default:
        break;
    }
    node.group = analysis_tree_group(r, group);
    r->nodes[r->node_count] = node;
    return (uint32_t)r->node_count++;
}

/* Ranges opened while watching and while not are nodes of their own: they are counted apart. Siblings follow
 * each other in the same order again and again, so the one that did so the time before is tried first. */
uint32_t analysis_tree_child(analysis_ranges *r, uint32_t parent, uint32_t index,
                             analysis_watching watching) {
    uint32_t family = r->names->list[index].family, last = r->nodes[parent].child;
    uint32_t guess = last == ANALYSIS_NONE ? ANALYSIS_NONE : r->nodes[last].after;
    if (guess != ANALYSIS_NONE && r->nodes[guess].name == family && r->nodes[guess].watching == watching) {
        r->nodes[parent].child = guess;
        return guess;
    }
    uint64_t key = (uint64_t)parent << 32 | (uint64_t)family << 2 | watching;
    uint32_t node = analysis_map_get(&r->by_path, key);
    if (node == ANALYSIS_NONE) {
        node = new_node(r, parent, index, watching);
        analysis_map_put(&r->by_path, key, node);
    }
    r->nodes[last == ANALYSIS_NONE ? node : last].after = node;
    r->nodes[parent].child = node;
    return node;
}

uint32_t analysis_ranges_child(analysis_ranges *r, uint32_t parent, uint32_t like) {
    return analysis_tree_child(r, parent, r->nodes[like].origin, r->groups[r->nodes[parent].group].watching);
}
