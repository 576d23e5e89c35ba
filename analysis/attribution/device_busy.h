/* GPU work of the whole capture by device: busy time, and how much of communication other work hides. */
#ifndef ATTRIBUTION_DEVICE_BUSY_H
#define ATTRIBUTION_DEVICE_BUSY_H

#include "analysis/attribution/gpu_busy.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

/* All times are ns; unions of intervals. */
typedef struct {
    uint32_t device;        /* its ordinal; BASE_NONE: unknown */
    attribution_busy *busy; /* part 1: communication; part 2: all other work */
    uint64_t first, last;   /* start of the earliest work, end of the latest */
    uint64_t any;           /* busy time; this and the following are set by attribution_devices_settle */
    uint64_t communication; /* busy time of communication kernels (names_kernel_communicates) */
    uint64_t hidden;        /* the part of it that overlaps other work */
    uint64_t late;          /* records that came too late in the file to be counted exactly */
} attribution_device;

/* A zeroed one is empty. */
typedef struct {
    attribution_device *list; /* in the order of their first work */
    size_t count, cap;
    base_map by_queue;  /* queue id -> device */
    base_map by_device; /* device -> list */
    bool cached;        /* the queue looked up last is cached: */
    uint32_t last_queue, last_device;
    uint8_t *communicates; /* by name index: 0: not determined yet, 1: no, 2: yes */
    size_t name_cap;
} attribution_devices;

/* Adds the definition of a queue. */
void attribution_devices_queue(attribution_devices *d, const trace_queue *q);

/* Adds GPU work over [start_ns, end_ns) on a queue. `name` is the kernel's name index, BASE_NONE for copies and memsets. */
void attribution_devices_add(attribution_devices *d, const names_table *names, uint32_t queue, uint32_t name,
                             uint64_t start_ns, uint64_t end_ns);

/* Computes the sums, and sorts the list by device. After the last addition. */
void attribution_devices_settle(attribution_devices *d);

void attribution_devices_free(attribution_devices *d);

#endif
