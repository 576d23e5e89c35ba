/* The nodes of the tree that ranges.h describes, for the files that keep it. */
#ifndef ANALYSIS_TREE_H
#define ANALYSIS_TREE_H

#include "analysis/ranges.h"

/* The index of this group, made when there is none. */
uint32_t analysis_tree_group(analysis_ranges *r, analysis_group group);

/* The node of a range with the name at `index`, opened below `parent` while `watching`; made when there is
 * none. It may move the nodes. */
uint32_t analysis_tree_child(analysis_ranges *r, uint32_t parent, uint32_t index, analysis_watching watching);

#endif
