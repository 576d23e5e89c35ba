/* The traces that go into one export: their clocks, machines and devices. */
#include "analysis/events/event_sources.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks of one machine agree so well. */
#define SAME_CLOCK_NS 1000000000
/* Ends the look at the head of a trace. */
#define SEEN 1

void events_source_set_meta(events_source *source, const char *key, size_t key_len, const char *value,
                            size_t value_len) {
    uint32_t at = names_intern(&source->keys, key, key_len);
    if (at < source->meta_count) {
        free(source->meta[at].value);
        source->meta[at].value = base_copy(value, value_len);
        return;
    }
    source->meta = base_grow(source->meta, &source->meta_cap, source->meta_count + 1, sizeof *source->meta);
    source->meta[source->meta_count++] = (events_meta){base_copy(key, key_len), base_copy(value, value_len)};
}

static int on_head_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    events_source_set_meta(ctx, key, key_len, value, value_len);
    return 0;
}

static int on_head_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    (void)ctx, (void)id, (void)bytes, (void)len;
    return SEEN;
}

static int on_head_thread(void *ctx, const trace_thread *t) {
    (void)ctx, (void)t;
    return SEEN;
}

static int on_head_host(void *ctx, const trace_host_event *e) {
    (void)ctx, (void)e;
    return SEEN;
}

static int64_t boot_time_of(const trace_header *h) {
    return (int64_t)(h->realtime_ns - h->monotonic_ns);
}

/* Finds the machine and the clock of source `at` among those before it. */
static void place_on_clock(events_store *rows, size_t at) {
    events_source *source = &rows->sources[at];
    const char *host = events_source_meta(source, "host");
    source->machine = (uint32_t)at;
    for (size_t i = 0; i < at; i++) {
        const events_source *other = &rows->sources[i];
        const char *name = events_source_meta(other, "host");
        int64_t apart = boot_time_of(&source->header) - boot_time_of(&other->header);
        if ((!host || !name || strcmp(host, name) == 0) && apart > -SAME_CLOCK_NS && apart < SAME_CLOCK_NS) {
            source->machine = other->machine;
            source->shift = other->shift;
            return;
        }
    }
    if (at > 0) {
        source->shift = boot_time_of(&source->header) - boot_time_of(&rows->sources[0].header);
    }
}

int events_source_add(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    size_t at = rows->source_count;
    trace_status status;
    rows->sources = base_grow(rows->sources, &rows->source_cap, at + 1, sizeof *rows->sources);
    rows->sources[at] = (events_source){.path = base_copy(path, strlen(path))};
    rows->source_count = at + 1;
    trace_visitor visitor = {.ctx = &rows->sources[at],
                             .meta = on_head_meta,
                             .string = on_head_string,
                             .thread = on_head_thread,
                             .host = on_head_host};
    const input_extras extras = {0};
    int rc = input_read_details(path, base_cores(), &visitor, &extras, &status, error);
    if (rc < 0) {
        return -1;
    }
    rows->sources[at].header = status.header;
    place_on_clock(rows, at);
    return 0;
}

/* Two processes mean one physical device by its place on the bus when both know it, else by its ordinal. */
typedef enum { BY_PLACE, BY_ORDINAL, BY_ORDINAL_ALONE } device_key_kind;

/* The value of a META key of the device, or NULL. */
static const char *device_meta(const events_source *source, uint32_t ordinal, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "device.%u.%s", ordinal, part);
    return events_source_meta(source, name);
}

/* A key that the device is known by; BY_ORDINAL_ALONE is one whose place is not known. */
static uint32_t device_key(events_store *rows, uint32_t source, uint32_t ordinal, device_key_kind kind) {
    const events_source *s = &rows->sources[source];
    char key[256];
    int used = kind == BY_PLACE
                   ? snprintf(key, sizeof key, "%u place %.64s %.64s %.64s", s->machine,
                              device_meta(s, ordinal, "pci_domain"), device_meta(s, ordinal, "pci_bus"),
                              device_meta(s, ordinal, "pci_device"))
                   : snprintf(key, sizeof key, "%u %d %u", s->machine, kind, ordinal);
    return names_intern(&rows->device_keys, key, (size_t)used);
}

/* The first number from `number` on that is not taken; takes it. */
static uint32_t take_device_number(events_store *rows, uint32_t number) {
    uint32_t at = number;
    for (uint32_t next; (next = base_map_get(&rows->device_numbers, at)) != BASE_NONE;) {
        at = next;
    }
    base_map_put(&rows->device_numbers, number, at + 1);
    base_map_put(&rows->device_numbers, at, at + 1);
    return at;
}

uint32_t events_source_device(events_store *rows, uint32_t source, uint32_t ordinal) {
    const events_source *s = &rows->sources[source];
    bool placed = device_meta(s, ordinal, "pci_domain") && device_meta(s, ordinal, "pci_bus") &&
                  device_meta(s, ordinal, "pci_device");
    uint32_t any = device_key(rows, source, ordinal, BY_ORDINAL);
    uint32_t alone = device_key(rows, source, ordinal, BY_ORDINAL_ALONE);
    uint32_t own = placed ? device_key(rows, source, ordinal, BY_PLACE) : alone;
    uint32_t first = base_map_get(&rows->device_by_key, placed ? own : any);
    uint32_t other = base_map_get(&rows->device_by_key, alone);
    first = other < first ? other : first;
    if (first != BASE_NONE) {
        return rows->devices[first].number;
    }
    uint32_t number = take_device_number(rows, ordinal);
    rows->devices =
        base_grow(rows->devices, &rows->device_cap, rows->device_count + 1, sizeof *rows->devices);
    rows->devices[rows->device_count] =
        (events_device){.number = number, .source = source, .ordinal = ordinal};
    base_map_put(&rows->device_by_key, own, (uint32_t)rows->device_count);
    if (base_map_get(&rows->device_by_key, any) == BASE_NONE) {
        base_map_put(&rows->device_by_key, any, (uint32_t)rows->device_count);
    }
    rows->device_count++;
    return number;
}

const char *events_source_meta(const events_source *source, const char *key) {
    uint32_t at = names_find(&source->keys, key, strlen(key));
    return at != BASE_NONE ? source->meta[at].value : NULL;
}

void events_source_free(events_source *source) {
    for (size_t i = 0; i < source->meta_count; i++) {
        free(source->meta[i].key);
        free(source->meta[i].value);
    }
    free(source->meta);
    names_free(&source->keys);
    free(source->path);
}
