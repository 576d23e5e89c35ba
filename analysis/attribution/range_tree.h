/* The tree of distinct range paths.
 *
 * A node of the tree is a path of names (top_k=8 / sample.* / decode / decode.* / layer.3 / moe / expert.17);
 * all ranges with that path share it, so the tree stays small however long the run is. Ranges opened while
 * profiling and while not are nodes of their own: they are counted apart. */
#ifndef ATTRIBUTION_RANGE_TREE_H
#define ATTRIBUTION_RANGE_TREE_H

#include "analysis/attribution/phases.h"
#include "analysis/attribution/profiling_windows.h"
#include "analysis/names/name_table.h"

/* What separates requests that must not be mixed. `profiling` is that at the moment when the range was opened;
 * attribution_windows_settled makes it final. */
typedef struct {
    uint32_t k; /* of top_k=K; BASE_NONE outside of any */
    bool warm;  /* under a warm-up range */
    attribution_profiling profiling;
} attribution_group;

#define ATTRIBUTION_ROOT 0 /* the node outside every range */

typedef struct {
    uint32_t parent; /* always a lower index; the root is its own */
    uint32_t depth;  /* of the root 0 */
    uint32_t jump; /* a range around, so far out that each one is reached in some log(depth) of such steps */
    uint32_t name; /* name index, of the family for numbered requests and steps */
    uint32_t origin; /* name index of the first such range: sample.3 where name is sample.* */
    uint32_t group;
    uint32_t layer, expert;  /* inherited from the ranges around; BASE_NONE outside of any */
    attribution_phase phase; /* the innermost around, or ATTRIBUTION_PHASES */
    names_part part;
    attribution_profiling profiling; /* when it was opened */
    uint32_t child, after; /* the child opened last, and the sibling opened after this when last looked at */
    bool opens_expert;     /* an expert's range that lies in no other expert's */
    uint64_t calls;        /* ranges that were opened */
    uint64_t tokens, with_tokens;    /* sum of the integer payloads, and how many ranges had one */
    uint64_t host_ns;                /* from open to close, of those that closed */
    uint64_t kernels, kernel_ns;     /* exclusive: launched while this was the innermost range; at the end */
    uint64_t transfers, transfer_ns; /* copies and memsets, exclusive */
} attribution_node;

typedef struct {
    names_table *names;
    attribution_node *nodes;
    size_t node_count, node_cap;
    base_map by_path; /* parent, name and profiling -> node */
    attribution_group *groups;
    size_t group_count, group_cap;
    base_map by_group; /* k, warm and profiling -> groups */
} attribution_tree;

/* Makes the root. */
void attribution_tree_init(attribution_tree *tree, names_table *names);

/* The node of a range with the name at `index`, opened below `parent` while `profiling`; made when there is
 * none. It may move the nodes. */
uint32_t attribution_tree_child(attribution_tree *tree, uint32_t parent, uint32_t index,
                                attribution_profiling profiling);

/* The node of a range named as that of `like`, opened below `parent`; made when there is none. It may move the
 * nodes. */
uint32_t attribution_tree_child_like(attribution_tree *tree, uint32_t parent, uint32_t like);

/* The innermost range that is around both, each being around itself. */
uint32_t attribution_tree_common(const attribution_tree *tree, uint32_t x, uint32_t y);

void attribution_tree_free(attribution_tree *tree);

#endif
