/* Busy time of the whole capture by device. */
#include "analysis/attribution/device_busy.h"

#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"
#include "analysis/names/kernel_classes.h"

#include <stdlib.h>
#include <string.h>

enum { PART_COMMUNICATION = 1, PART_OTHER = 2 };

void attribution_devices_queue(attribution_devices *d, const trace_queue *q) {
    base_map_put(&d->by_queue, q->id, q->device);
    d->cached = false;
}

static attribution_device *device_of_queue(attribution_devices *d, uint32_t queue) {
    if (d->cached && queue == d->last_queue) {
        return &d->list[d->last_device];
    }
    uint32_t device = base_map_get(&d->by_queue, queue);
    uint32_t at = base_map_get(&d->by_device, device);
    if (at == BASE_NONE) {
        at = (uint32_t)d->count;
        d->list = base_grow(d->list, &d->cap, d->count + 1, sizeof *d->list);
        d->list[d->count++] = (attribution_device){
            .device = device, .busy = base_alloc(1, sizeof(attribution_busy)), .first = UINT64_MAX};
        attribution_busy_part(d->list[at].busy);
        attribution_busy_part(d->list[at].busy);
        base_map_put(&d->by_device, device, at);
    }
    d->cached = true;
    d->last_queue = queue;
    d->last_device = at;
    return &d->list[at];
}

static bool communicates(attribution_devices *d, const names_table *names, uint32_t name) {
    if (name == BASE_NONE) {
        return false;
    }
    if (name >= d->name_cap) {
        d->communicates = base_grow(d->communicates, &d->name_cap, (size_t)name + 1, 1);
    }
    if (d->communicates[name] == 0) {
        d->communicates[name] = names_kernel_communicates(names_entry_at(names, name)->text) ? 2 : 1;
    }
    return d->communicates[name] == 2;
}

void attribution_devices_add(attribution_devices *d, const names_table *names, uint32_t queue, uint32_t name,
                             uint64_t start_ns, uint64_t end_ns) {
    attribution_device *device = device_of_queue(d, queue);
    device->first = start_ns < device->first ? start_ns : device->first;
    device->last = end_ns > device->last ? end_ns : device->last;
    attribution_busy_add(device->busy, communicates(d, names, name) ? PART_COMMUNICATION : PART_OTHER,
                         start_ns, end_ns);
}

static int by_device_ordinal(const void *a, const void *b) {
    const attribution_device *x = a, *y = b;
    return (x->device > y->device) - (x->device < y->device);
}

void attribution_devices_settle(attribution_devices *d) {
    for (size_t i = 0; i < d->count; i++) {
        attribution_device *device = &d->list[i];
        device->any = attribution_busy_settle(device->busy);
        device->communication = attribution_busy_sums_of(device->busy, PART_COMMUNICATION)->settled;
        uint64_t other = attribution_busy_sums_of(device->busy, PART_OTHER)->settled;
        BASE_ASSERT(device->communication + other >= device->any);
        device->hidden = device->communication + other - device->any; /* the intersection of the two unions */
        BASE_ASSERT(device->hidden <= device->communication);
        device->late = device->busy->late;
        attribution_busy_free(device->busy);
        free(device->busy);
        device->busy = NULL;
    }
    if (d->count > 0) {
        qsort(d->list, d->count, sizeof *d->list, by_device_ordinal);
    }
}

void attribution_devices_free(attribution_devices *d) {
    for (size_t i = 0; i < d->count; i++) {
        if (d->list[i].busy) {
            attribution_busy_free(d->list[i].busy);
            free(d->list[i].busy);
        }
    }
    free(d->list);
    free(d->communicates);
    base_map_free(&d->by_queue);
    base_map_free(&d->by_device);
    memset(d, 0, sizeof *d);
}
