/* Graph launches whose records CUPTI has not delivered yet.
 *
 * The GPU writes the times of a graph's nodes to a place that belongs to the graph, and CUPTI reads them there when it
 * makes the records. A launch of the same graph while records are off overwrites them: the records of the launch before
 * it then end when the later one did. So the session waits for the records of such launches before it lets go of the
 * target; the records of those that it could not wait for get no times. Besides, CUPTI makes records of the first launch
 * after records went off, with the correlation id of an earlier call: they are left out.
 *
 * Nothing here waits or takes a lock: any thread may call it, also in a signal handler. Correlation ids are handed out in
 * ascending order, and begin again after 2^32. */
#ifndef CUPTI_CUPTI_GRAPH_LAUNCHES_H
#define CUPTI_CUPTI_GRAPH_LAUNCHES_H

#include <stdbool.h>
#include <stdint.h>

/* A graph is about to be launched while records are on. */
void cupti_graph_launches_add(uint32_t correlation);
/* No record of this launch will come: the call failed. */
void cupti_graph_launches_cancel(uint32_t correlation);
/* Takes a record that CUPTI delivers. Its launch is no longer pending; a record whose times may be those of a later
 * launch loses them. False: it is of a launch while records were off. */
bool cupti_graph_launches_record(void *record);

bool cupti_graph_launches_pending(void);
/* Whether records must be passed to cupti_graph_launches_record at all. */
bool cupti_graph_launches_need_records(void);
/* From now on a launch may overwrite the times of the pending ones, which have ids up to `latest`: they are no longer
 * waited for, and the records that are delivered of them later have no times. */
void cupti_graph_launches_give_up(uint32_t latest);
/* Records are off, and nothing is pending: what comes later with an id up to `latest` is of launches meanwhile. */
void cupti_graph_launches_close(uint32_t latest);

/* After fork in the child. */
void cupti_graph_launches_forget(void);

#endif
