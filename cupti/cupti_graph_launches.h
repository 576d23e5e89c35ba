/* Graph launches whose records CUPTI has not delivered yet.
 *
 * The GPU writes the times of a graph's nodes to memory that belongs to the graph, from which CUPTI reads them when it creates
 * the records. A launch of the same graph while records are disabled overwrites the times of the preceding launch, whose
 * records then end at the end of the later one. (A launch while records are enabled does not: only the latest launch of each
 * graph is at risk.) So the session waits for the records of such launches before the target continues; records that arrive
 * too late lose their times. CUPTI also creates records of the first launch after records were disabled, with the correlation
 * id of an earlier call, or 0: they are discarded. Kernels in loops and branches of a graph have the correlation id 0 as well:
 * they are distinguished by their times.
 *
 * No function waits or acquires a lock: any thread may call them, also in a signal handler. Correlation ids ascend, and wrap
 * around after 2^32. Times are ns on the clock of CUPTI's records. */
#ifndef CUPTI_CUPTI_GRAPH_LAUNCHES_H
#define CUPTI_CUPTI_GRAPH_LAUNCHES_H

#include <stdbool.h>
#include <stdint.h>

/* Call when a graph is created: from the first graph on, records must be checked. */
void cupti_graph_launches_exist(void);
/* Call when records are about to be enabled, with the current time. */
void cupti_graph_launches_open(uint64_t now);
/* Call before a graph is launched while records are enabled. */
void cupti_graph_launches_begin(uint32_t correlation);
/* Call after the launch. `graph` is the executable graph (CUgraphExec), NULL when it is unknown. A failed launch has no
 * records. */
void cupti_graph_launches_end(uint32_t correlation, const void *graph, bool failed);
/* Call when the graph is launched while records are disabled, or are being disabled: the times of its latest launch are lost,
 * and so are those of this launch, if it has records. */
void cupti_graph_launches_overwrite(const void *graph, uint32_t correlation);

/* Checks an activity record that CUPTI delivers: its launch is no longer pending, and the record's times are set to 0 if they may be
 * those of a later launch. Returns false when the record must be discarded: its launch was made while records were disabled. */
bool cupti_graph_launches_record(void *record);
/* Returns whether records must be passed to cupti_graph_launches_record. */
bool cupti_graph_launches_need_records(void);

/* Returns whether graphs were launched since the last close. */
bool cupti_graph_launches_any(void);
/* Returns whether records of a launch at risk have not been delivered yet. */
bool cupti_graph_launches_pending(void);
/* Call when records have been disabled. `latest` is the latest correlation id. Records of pending launches lose their times. When
 * no launch is pending, all records up to `latest` have been delivered, and later ones are of launches while records are
 * disabled. */
void cupti_graph_launches_close(uint32_t latest);

/* After fork in the child: forgets all launches. */
void cupti_graph_launches_forget(void);

#endif
