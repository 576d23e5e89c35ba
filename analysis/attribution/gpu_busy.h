/* How long the GPU ran in a stretch of time (the union of many intervals), and what the host did while it did
 * not. One pass, bounded memory. */
#ifndef ATTRIBUTION_GPU_BUSY_H
#define ATTRIBUTION_GPU_BUSY_H

#include "analysis/names/call_kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most intervals of the GPU that are held before the earlier ones are settled. */
#define ATTRIBUTION_BUSY_WINDOW 65536
/* Most calls that wait for the GPU's part of their time; beyond them the earlier ones count as if it had not
 * run. */
#define ATTRIBUTION_BUSY_CALLS (1u << 20)

/* Time may be divided into parts, numbered from 1 (the steps of a decode): their sums are made in the same
 * pass. 0 stands for what lies in none. */
typedef struct {
    uint64_t start, end;
    uint32_t part;
} attribution_interval;

typedef struct {
    uint64_t start, end;
    uint32_t part;
    names_call_kind kind;
} attribution_host_interval;

/* Of the whole or of a part. All times are ns. */
typedef struct {
    uint64_t settled;        /* the union of what has been folded away */
    uint64_t first;          /* start of the first folded interval; 0 before any */
    uint64_t until;          /* where the last of them ends */
    uint64_t gap, gap_start; /* the longest stretch between folded intervals, and where it began */
    uint64_t calls[2];       /* settled calls, by names_call_kind */
    uint64_t host[2];        /* time in them */
    uint64_t covered[2];     /* the part of it in which the GPU ran, as far as it is settled */
} attribution_busy_sums;

/* A zeroed one is empty. */
typedef struct {
    attribution_interval *list;
    size_t count, cap;
    bool unsorted;                    /* the list is not in the order of starts */
    attribution_host_interval *hosts; /* of one thread: disjoint and in order */
    size_t host_count, host_cap;
    uint64_t edge;   /* before it all is folded */
    uint64_t called; /* before it all calls are folded */
    uint64_t late;   /* intervals that began before the edge: their part before it was not counted; or before
                        `called`: the calls meanwhile count as if the GPU had not run */
    attribution_busy_sums all;
    attribution_busy_sums *parts;
    size_t part_count, part_cap;
} attribution_busy;

/* Makes room for one more part; returns its number. */
uint32_t attribution_busy_part(attribution_busy *busy);

/* The sums of a part, or of the whole for part 0. */
const attribution_busy_sums *attribution_busy_sums_of(const attribution_busy *busy, uint32_t part);

/* Adds work of the GPU: [start, end), end >= start. Exact as long as an interval comes no more than half a
 * window later than the order of starts would have it. */
void attribution_busy_add(attribution_busy *busy, uint32_t part, uint64_t start, uint64_t end);

/* Adds a call of the thread, ENQUEUE or SYNC, in the order in which calls ended; one that lies in another is
 * part of it. */
void attribution_busy_host(attribution_busy *busy, uint32_t part, names_call_kind kind, uint64_t start,
                           uint64_t end);

/* Folds everything into the sums and frees the lists; more may be added afterwards. Returns the union. */
uint64_t attribution_busy_settle(attribution_busy *busy);

/* After attribution_busy_settle: time in calls of this kind while the GPU did not run. */
uint64_t attribution_busy_idle_in(const attribution_busy_sums *sums, names_call_kind kind);

/* Frees what it holds and leaves it empty. */
void attribution_busy_free(attribution_busy *busy);

#endif
