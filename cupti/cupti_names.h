/* The names of kernels, once modules have been unloaded.
 *
 * CUPTI remembers a kernel's name by where the kernel lies, also after its module was unloaded: a kernel of a module
 * that is loaded later to the same place gets the name of the earlier one. So from the first unload on, names are
 * taken from where they are right: at a launch from CUPTI's callback, for a graph's node from the driver, when the node
 * is made. A kernel whose name is in neither has none.
 *
 * Nothing here waits or acquires a lock. */
#ifndef CUPTI_CUPTI_NAMES_H
#define CUPTI_CUPTI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    /* A copy of the name that lasts as long as the process; NULL when there is no memory. */
    const char *(*keep)(const char *name);
    /* Zeroed memory, never given back; NULL when there is none to spare. */
    void *(*allocate)(size_t bytes);
} cupti_names_hooks;

/* Once, when the driver's library is loaded. */
void cupti_names_init(const cupti_names_hooks *hooks);

/* A module is about to be unloaded; `latest` is the youngest correlation id so far. */
void cupti_names_module_unloads(uint32_t latest);
/* Whether that has happened: only then are the following needed. */
bool cupti_names_needed(void);

/* A kernel is launched. */
void cupti_names_launch(uint32_t correlation, const char *name);
/* The node of this id runs the kernel of a CUgraphNode, or (NULL) one whose name is not known: in launches after the
 * correlation id `since`. Names of earlier launches are given up, if since is not 0. */
void cupti_names_node(void *node, uint64_t id, uint32_t since);
/* The node gets another id. */
void cupti_names_node_moves(uint64_t from, uint64_t to);
/* Some node of a graph may get another kernel, and it is not known which. Also to be called before any module is unloaded. */
void cupti_names_node_changes(void);

/* Corrects a record that CUPTI delivers: a kernel's name becomes the right one, or NULL. */
void cupti_names_record(void *record);

/* After fork in the child. */
void cupti_names_forget(void);

#endif
