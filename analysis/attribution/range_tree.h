/* The nodes of the tree that ranges.h describes, for the files that keep it. */
#ifndef ATTRIBUTION_RANGE_TREE_H
#define ATTRIBUTION_RANGE_TREE_H

#include "analysis/attribution/range_stack.h"

/* The index of this group, made when there is none. */
uint32_t attribution_tree_group(attribution_ranges *r, attribution_group group);

/* The node of a range with the name at `index`, opened below `parent` while `profiling`; made when there is
 * none. It may move the nodes. */
uint32_t attribution_tree_child(attribution_ranges *r, uint32_t parent, uint32_t index,
                                attribution_profiling profiling);

#endif
