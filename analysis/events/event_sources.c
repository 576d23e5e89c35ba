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
    for (size_t i = 0; i < source->meta_count; i++) {
        if (strlen(source->meta[i].key) == key_len && memcmp(source->meta[i].key, key, key_len) == 0) {
            free(source->meta[i].value);
            source->meta[i].value = base_copy(value, value_len);
            return;
        }
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

/* Whether two processes mean one physical device by these numbers; by the place on the bus when both have
 * it. */
static bool is_same_device(const events_store *rows, const events_device *d, uint32_t source,
                           uint32_t ordinal) {
    static const char *const parts[] = {"pci_domain", "pci_bus", "pci_device"};
    const events_source *a = &rows->sources[d->source], *b = &rows->sources[source];
    if (a->machine != b->machine) {
        return false;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char x[64], y[64];
        snprintf(x, sizeof x, "device.%u.%s", d->ordinal, parts[i]);
        snprintf(y, sizeof y, "device.%u.%s", ordinal, parts[i]);
        const char *p = events_source_meta(a, x), *q = events_source_meta(b, y);
        if (!p || !q) {
            return d->ordinal == ordinal;
        }
        if (strcmp(p, q) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_number_taken(const events_store *rows, uint32_t number) {
    for (size_t i = 0; i < rows->device_count; i++) {
        if (rows->devices[i].number == number) {
            return true;
        }
    }
    return false;
}

uint32_t events_source_device(events_store *rows, uint32_t source, uint32_t ordinal) {
    uint32_t number = ordinal;
    for (size_t i = 0; i < rows->device_count; i++) {
        if (is_same_device(rows, &rows->devices[i], source, ordinal)) {
            return rows->devices[i].number;
        }
    }
    while (is_number_taken(rows, number)) {
        number++;
    }
    rows->devices =
        base_grow(rows->devices, &rows->device_cap, rows->device_count + 1, sizeof *rows->devices);
    rows->devices[rows->device_count++] =
        (events_device){.number = number, .source = source, .ordinal = ordinal};
    return number;
}

const char *events_source_meta(const events_source *source, const char *key) {
    for (size_t i = 0; i < source->meta_count; i++) {
        if (strcmp(source->meta[i].key, key) == 0) {
            return source->meta[i].value;
        }
    }
    return NULL;
}

void events_source_free(events_source *source) {
    for (size_t i = 0; i < source->meta_count; i++) {
        free(source->meta[i].key);
        free(source->meta[i].value);
    }
    free(source->meta);
    free(source->path);
}
