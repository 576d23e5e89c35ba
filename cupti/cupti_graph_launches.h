/* Graph launches whose records CUPTI has not delivered yet.
 *
 * The GPU writes the times of a graph's nodes to a place that belongs to the graph, and CUPTI reads them there when it
 * makes the records. A launch of the same graph while records are off overwrites those of the launch before it, whose
 * records then end when the later one did. (A launch while records are on does not: only the latest launch of each graph
 * is at risk.) So the session waits for the records of such launches before it lets go of the target; the records that it
 * could not wait for get no times. Besides, CUPTI makes records of the first launch after records went off,
 * with the correlation id of an earlier call, or 0: they are left out. The kernels in loops and branches of a graph have the
 * correlation id 0, too: they are told apart by their times.
 *
 * Nothing here waits or acquires a lock: any thread may call it, also in a signal handler. Correlation ids are handed out in
 * ascending order, and begin again after 2^32. */
#ifndef CUPTI_CUPTI_GRAPH_LAUNCHES_H
#define CUPTI_CUPTI_GRAPH_LAUNCHES_H

#include <stdbool.h>
#include <stdint.h>

/* A graph is made: from the first one on records must be looked at. */
void cupti_graph_launches_exist(void);
/* Records are going on; the time is that of the records' clock. */
void cupti_graph_launches_open(uint64_t now);
/* While records are on, a graph is about to be launched. */
void cupti_graph_launches_begin(uint32_t correlation);
/* The launch has returned; `graph` is the executable graph, NULL when it is not known. No record of it will come when it failed. */
void cupti_graph_launches_end(uint32_t correlation, const void *graph, bool failed);
/* The graph is launched while records are off, or went off meanwhile: the times of its latest launch are lost, and so are
 * those of this one, if there is a record of it. */
void cupti_graph_launches_overwrite(const void *graph, uint32_t correlation);

/* Checks a record that CUPTI delivers. Its launch is no longer pending; a record whose times may be those of a later
 * launch loses them. False: it is of a launch while records were off. */
bool cupti_graph_launches_record(void *record);
/* Whether records must be passed to it at all. */
bool cupti_graph_launches_need_records(void);

/* Whether graphs were launched since the last close. */
bool cupti_graph_launches_any(void);
/* Whether records of one that is at risk are still to come. */
bool cupti_graph_launches_pending(void);
/* Records are off, and launches are no longer followed. `latest` is the youngest correlation id so far. What is pending
 * loses its times. When nothing is, all records up to `latest` are here, and what comes later is of launches meanwhile. */
void cupti_graph_launches_close(uint32_t latest);

/* After fork in the child. */
void cupti_graph_launches_forget(void);

#endif
