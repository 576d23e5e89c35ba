/* The names of kernels after a module was unloaded.
 *
 * CUPTI caches a kernel's name by the kernel's address, also after its module was unloaded: a kernel of a module that is loaded
 * later at the same address gets the name of the earlier one. So from the first unload on, names are obtained at the launch
 * from CUPTI's callback, and for a graph's node from the driver when the node is created. A kernel for which neither is known
 * has no name.
 *
 * No function waits or acquires a lock. Correlation ids are CUPTI's. */
#ifndef CUPTI_CUPTI_NAMES_H
#define CUPTI_CUPTI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    /* Returns a copy of the name that is valid until the process ends; NULL when no memory is available. */
    const char *(*keep)(const char *name);
    /* Returns zeroed memory, which is never freed; NULL when none is available. */
    void *(*allocate)(size_t bytes);
} cupti_names_hooks;

/* Call once, when the driver's library is loaded; *hooks is copied. */
void cupti_names_init(const cupti_names_hooks *hooks);

/* Call before a module is unloaded, with the latest correlation id. */
void cupti_names_module_unloads(uint32_t latest);
/* Returns whether a module was unloaded: only then must the following functions be called. */
bool cupti_names_needed(void);

/* Stores the name of a kernel that is launched. */
void cupti_names_launch(uint32_t correlation, const char *name);
/* Stores the kernel of the graph node with this id: that of `node` (CUgraphNode), or an unknown one (NULL), in launches after the
 * correlation id `since`. If `since` is not 0, the node's names in earlier launches become unknown. */
void cupti_names_node(void *node, uint64_t id, uint32_t since);
/* Call when a node's id changes. */
void cupti_names_node_moves(uint64_t from, uint64_t to);
/* Call when an unknown node of a graph may get another kernel; also before any module is unloaded. */
void cupti_names_node_changes(void);

/* Corrects an activity record that CUPTI delivers: a kernel's name is set to the correct one, or to NULL when it is unknown. */
void cupti_names_record(void *record);

/* After fork in the child: forgets all names. */
void cupti_names_forget(void);

#endif
