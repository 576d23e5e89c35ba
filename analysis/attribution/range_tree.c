/* The tree of range paths. A node is created once and usually found again without a search. */
#include "analysis/attribution/range_tree.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Returns the index of this group, added if it is new. */
static uint32_t index_of_group(attribution_tree *t, attribution_group group) {
    uint64_t key = (uint64_t)group.k << 32 | (uint64_t)group.warm << 8 | group.profiling;
    uint32_t at = base_map_get(&t->by_group, key);
    if (at != BASE_NONE) {
        return at;
    }
    base_map_put(&t->by_group, key, (uint32_t)t->group_count);
    t->groups = base_grow(t->groups, &t->group_cap, t->group_count + 1, sizeof *t->groups);
    t->groups[t->group_count] = group;
    return (uint32_t)t->group_count++;
}

void attribution_tree_init(attribution_tree *t, names_table *names) {
    memset(t, 0, sizeof *t);
    t->names = names;
    t->nodes = base_grow(NULL, &t->node_cap, 1, sizeof *t->nodes);
    t->nodes[0] = (attribution_node){.name = names_intern(names, "", 0),
                                     .group = index_of_group(t, (attribution_group){.k = BASE_NONE}),
                                     .layer = BASE_NONE,
                                     .expert = BASE_NONE,
                                     .phase = ATTRIBUTION_PHASES,
                                     .part = NAMES_PART_OTHER,
                                     .child = BASE_NONE,
                                     .after = BASE_NONE};
    t->node_count = 1;
}

/* Adds a node, which inherits from its parent the properties that its name does not set. */
static uint32_t new_tree_node(attribution_tree *t, uint32_t parent, uint32_t index,
                              attribution_profiling profiling) {
    const names_entry *name = &t->names->list[index];
    t->nodes = base_grow(t->nodes, &t->node_cap, t->node_count + 1, sizeof *t->nodes);
    const attribution_node *above = &t->nodes[parent];
    attribution_group group = t->groups[above->group];
    attribution_phase own_phase = attribution_phase_of_role(name->means.role);
    attribution_node node = {.parent = parent,
                             .name = name->family,
                             .origin = index,
                             .layer = above->layer,
                             .expert = above->expert,
                             .phase = own_phase == ATTRIBUTION_PHASES ? above->phase : own_phase,
                             .part = names_part_of(name->means.role, above->part),
                             .profiling = profiling,
                             .child = BASE_NONE,
                             .after = BASE_NONE};
    group.profiling = profiling;
    if (name->means.layer != BASE_NONE) {
        node.layer = name->means.layer;
    }
    switch (name->means.role) {
    case NAMES_ROLE_TOP_K:
        group.k = name->means.number;
        break;
    case NAMES_ROLE_WARMUP:
        group.warm = true;
        break;
    case NAMES_ROLE_EXPERT:
        node.opens_expert = node.expert == BASE_NONE;
        node.expert = name->means.expert;
        break;
    default:
        break;
    }
    const attribution_node *jump = &t->nodes[above->jump];
    node.depth = above->depth + 1;
    node.jump = above->depth - jump->depth == jump->depth - t->nodes[jump->jump].depth ? jump->jump : parent;
    node.group = index_of_group(t, group);
    t->nodes[t->node_count] = node;
    return (uint32_t)t->node_count++;
}

static bool is_without_k(const names_entry *name) {
    return name->means.role == NAMES_ROLE_TOP_K && name->means.number == BASE_NONE;
}

static uint64_t path_key(uint32_t parent, uint32_t family, attribution_profiling profiling) {
    return (uint64_t)parent << 32 | (uint64_t)family << 2 | profiling;
}

/* Siblings repeat in the same order, so the sibling that followed before is tried first. */
uint32_t attribution_tree_child(attribution_tree *t, uint32_t parent, uint32_t index,
                                attribution_profiling profiling) {
    uint32_t family = t->names->list[index].family, last = t->nodes[parent].child;
    uint32_t guess = last == BASE_NONE ? BASE_NONE : t->nodes[last].after;
    bool lacks_k = is_without_k(&t->names->list[index]);
    if (!lacks_k && guess != BASE_NONE && t->nodes[guess].name == family &&
        t->nodes[guess].profiling == profiling) {
        t->nodes[parent].child = guess;
        return guess;
    }
    uint64_t key = path_key(parent, family, profiling);
    uint32_t node = lacks_k ? BASE_NONE : base_map_get(&t->by_path, key);
    if (node == BASE_NONE) {
        node = new_tree_node(t, parent, index, profiling);
        if (!lacks_k) {
            base_map_put(&t->by_path, key, node);
        }
    }
    t->nodes[last == BASE_NONE ? node : last].after = node;
    t->nodes[parent].child = node;
    return node;
}

uint32_t attribution_tree_common(const attribution_tree *t, uint32_t x, uint32_t y) {
    const attribution_node *nodes = t->nodes;
    if (nodes[x].depth < nodes[y].depth) {
        uint32_t deeper = y;
        y = x;
        x = deeper;
    }
    while (nodes[x].depth > nodes[y].depth) {
        x = nodes[nodes[x].jump].depth >= nodes[y].depth ? nodes[x].jump : nodes[x].parent;
    }
    while (x != y) { /* nodes of one depth have jumps to one depth */
        bool apart = nodes[x].jump != nodes[y].jump;
        x = apart ? nodes[x].jump : nodes[x].parent;
        y = apart ? nodes[y].jump : nodes[y].parent;
    }
    return x;
}

bool attribution_tree_lacks_k(const attribution_tree *t, uint32_t node) {
    return is_without_k(&t->names->list[t->nodes[node].origin]);
}

void attribution_tree_set_k(attribution_tree *t, uint32_t node, uint32_t index) {
    const names_entry *name = &t->names->list[index];
    attribution_node *top = &t->nodes[node];
    top->name = name->family;
    top->origin = index;
    uint64_t key = path_key(top->parent, top->name, top->profiling);
    if (base_map_get(&t->by_path, key) == BASE_NONE) {
        base_map_put(&t->by_path, key, node); /* later ranges with this k use this node, too */
    }
    uint32_t depth = top->depth;
    for (uint32_t i = node; i < t->node_count; i++) { /* parents have lower indices */
        uint32_t above = i;
        while (t->nodes[above].depth > depth) {
            above =
                t->nodes[t->nodes[above].jump].depth >= depth ? t->nodes[above].jump : t->nodes[above].parent;
        }
        if (above == node) {
            t->nodes[i].group = attribution_tree_group_with_k(t, t->nodes[i].group, name->means.number);
        }
    }
}

uint32_t attribution_tree_group_with_k(attribution_tree *t, uint32_t group, uint32_t k) {
    attribution_group with = t->groups[group];
    with.k = k;
    return index_of_group(t, with);
}

uint32_t attribution_tree_child_like(attribution_tree *t, uint32_t parent, uint32_t like) {
    return attribution_tree_child(t, parent, t->nodes[like].origin,
                                  t->groups[t->nodes[parent].group].profiling);
}

void attribution_tree_free(attribution_tree *t) {
    free(t->nodes);
    free(t->groups);
    base_map_free(&t->by_path);
    base_map_free(&t->by_group);
    memset(t, 0, sizeof *t);
}
