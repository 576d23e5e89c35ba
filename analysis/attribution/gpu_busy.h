/* GPU busy time (the union of the intervals of its work) of a period, and the host's calls while the GPU was idle. One
 * pass, bounded memory. */
#ifndef ATTRIBUTION_GPU_BUSY_H
#define ATTRIBUTION_GPU_BUSY_H

#include "analysis/names/call_kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most GPU intervals that are held before the earlier ones are folded into the sums. */
#define ATTRIBUTION_BUSY_WINDOW 65536
/* Most calls that are held until the GPU work during them is known; beyond that, the earliest are folded as if the GPU had
 * been idle. */
#define ATTRIBUTION_BUSY_CALLS (1u << 20)

/* Most calls after the period that are kept, until it is known when its last work ended. */
#define ATTRIBUTION_BUSY_BEHIND 64u

/* A period may have parts, numbered from 1 (the steps of a decode), whose sums are computed in the same pass. Part 0: in no
 * part. */
typedef struct {
    uint64_t start, end;
    uint32_t part;
} attribution_interval;

typedef struct {
    uint64_t start, end;
    uint32_t part;
    names_call_kind kind;
    bool behind; /* it began after the range: its time counts, it does not */
} attribution_host_interval;

/* The sums of a period or of a part. All times are ns. */
typedef struct {
    uint64_t settled;        /* length of the union of the folded intervals */
    uint64_t first;          /* start of the first folded interval; 0 before any */
    uint64_t until;          /* latest end of a folded interval */
    uint64_t gap, gap_start; /* length and start of the longest gap between folded intervals */
    uint64_t calls[2];       /* number of folded calls, by names_call_kind */
    uint64_t host[2];        /* time in them */
    uint64_t behind[2];      /* time in calls after the period, until its last work ended */
    uint64_t covered[2];     /* the part of that time in which the GPU was busy */
} attribution_busy_sums;

/* A zeroed one is empty. */
typedef struct {
    attribution_interval *list;
    size_t count, cap;
    bool unsorted;                    /* the list is not sorted by start */
    attribution_host_interval *hosts; /* calls of one thread: disjoint, in order */
    size_t host_count, host_cap;
    attribution_host_interval *behind; /* calls after the period, in order */
    size_t behind_count, behind_cap;
    bool settled;    /* calls after the period were folded */
    uint64_t edge;   /* intervals before this time are folded */
    uint64_t called; /* calls before this time are folded */
    uint64_t
        late; /* number of intervals that began before `edge`, whose part before it is not counted, or before
                        `called`, which are missing from `covered` of the calls folded already */
    attribution_busy_sums all;
    attribution_busy_sums *parts;
    size_t part_count, part_cap;
} attribution_busy;

/* Adds a part; returns its number. */
uint32_t attribution_busy_part(attribution_busy *busy);

/* Returns the sums of a part, or those of the whole period for part 0. */
const attribution_busy_sums *attribution_busy_sums_of(const attribution_busy *busy, uint32_t part);

/* Adds GPU work over [start, end), end >= start. The sums are exact if no interval is added more than half an
 * ATTRIBUTION_BUSY_WINDOW later than in the order of starts; others are counted in `late`. */
void attribution_busy_add(attribution_busy *busy, uint32_t part, uint64_t start, uint64_t end);

/* Adds a call of the thread, ENQUEUE or SYNC, over [start, end), in the order of ends; a call nested in another is merged
 * into the outer one. */
void attribution_busy_host(attribution_busy *busy, uint32_t part, names_call_kind kind, uint64_t start,
                           uint64_t end);

/* Adds a call that the thread made after the period. Its time counts until the last work of the period ended. */
void attribution_busy_call_behind(attribution_busy *busy, names_call_kind kind, uint64_t start, uint64_t end);

/* Folds all intervals into the sums and frees the lists; more may be added afterwards. Returns the busy time. */
uint64_t attribution_busy_settle(attribution_busy *busy);

/* Returns the time in calls of this kind while the GPU was idle; after attribution_busy_settle. */
uint64_t attribution_busy_idle_in(const attribution_busy_sums *sums, names_call_kind kind);

/* Frees its memory and leaves it empty. */
void attribution_busy_free(attribution_busy *busy);

#endif
