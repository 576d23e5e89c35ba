/* The tree of distinct range paths.
 *
 * A node of the tree is a path of names (top_k=8 / sample.* / decode / decode.* / layer.3 / moe / expert.17), shared by all
 * ranges with that path, so the tree's size does not depend on the length of the run. Profiled and unprofiled ranges have
 * separate nodes, as they are counted separately. */
#ifndef ATTRIBUTION_RANGE_TREE_H
#define ATTRIBUTION_RANGE_TREE_H

#include "analysis/attribution/phases.h"
#include "analysis/attribution/profiling_windows.h"
#include "analysis/names/name_table.h"

/* The attributes by which requests are grouped. `profiling` is the state when the range was opened;
 * attribution_windows_settled makes it final. */
typedef struct {
    uint32_t k; /* of the enclosing top_k=K; BASE_NONE without one */
    bool warm;  /* inside a warm-up range */
    attribution_profiling profiling;
} attribution_group;

#define ATTRIBUTION_ROOT 0 /* the node outside all ranges */

typedef struct {
    uint32_t parent; /* always a lower index; the root is its own parent */
    uint32_t depth;  /* 0 for the root */
    uint32_t
        jump; /* an ancestor, chosen so that O(log depth) jumps and parents lead to any ancestor: skew-binary
                        jump pointers (E. W. Myers, "An Applicative Random-Access Stack", Information Processing Letters
                        17(5), 1983) */
    uint32_t name;   /* name index; of the family (sample.*) for numbered requests and steps */
    uint32_t origin; /* name index of the first such range: sample.3 if name is sample.* */
    uint32_t group;
    uint32_t layer, expert;  /* of the innermost enclosing ranges; BASE_NONE without one */
    attribution_phase phase; /* the innermost enclosing one, or ATTRIBUTION_PHASES */
    names_part part;
    attribution_profiling profiling; /* when it was opened */
    uint32_t child,
        after; /* the child opened last, and the sibling opened after this one: guesses that save look-ups */
    bool opens_expert;            /* an expert's range that is not nested in another expert's */
    uint64_t calls;               /* number of ranges opened */
    uint64_t tokens, with_tokens; /* sum of the integer payloads, and number of ranges with one */
    uint64_t host_ns;             /* sum of the durations of closed ranges */
    uint64_t kernels, kernel_ns;  /* exclusive: launched with this as the innermost range; set at the end */
    uint64_t transfers, transfer_ns; /* copies and memsets, exclusive; set at the end */
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

/* Initialises *tree, which is zeroed, with its root; `names` must outlive it. */
void attribution_tree_init(attribution_tree *tree, names_table *names);

/* Returns the node, added if it is new, of a range with name index `index` that was opened below `parent` in the state
 * `profiling`. May move tree->nodes. */
uint32_t attribution_tree_child(attribution_tree *tree, uint32_t parent, uint32_t index,
                                attribution_profiling profiling);

/* Returns the node, added if it is new, below `parent` with the name of node `like`. May move tree->nodes. */
uint32_t attribution_tree_child_like(attribution_tree *tree, uint32_t parent, uint32_t like);

/* Whether the node is that of a range top_k=? whose k no mark has said so far. Each such range has a node of its own. */
bool attribution_tree_lacks_k(const attribution_tree *tree, uint32_t node);

/* A mark says which k is in force in such a range: with all that was counted below it, it becomes a range with name index `index`, that
 * of top_k=K. */
void attribution_tree_set_k(attribution_tree *tree, uint32_t node, uint32_t index);

/* Returns the group, added if it is new, that differs from `group` in k alone. */
uint32_t attribution_tree_group_with_k(attribution_tree *tree, uint32_t group, uint32_t k);

/* Returns the lowest common ancestor of two nodes; a node is its own ancestor. */
uint32_t attribution_tree_common(const attribution_tree *tree, uint32_t x, uint32_t y);

void attribution_tree_free(attribution_tree *tree);

#endif
