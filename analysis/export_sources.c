/* The traces that go into one export: their clocks, machines and devices. */
#include "analysis/export_sources.h"

#include "analysis/ahead.h"
#include "analysis/import.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks of one machine agree so well. */
#define SAME_CLOCK_NS 1000000000
/* Ends the look at the head of a trace. */
#define SEEN 1

void analysis_source_set_meta(analysis_event_source *source, const char *key, size_t key_len,
                              const char *value, size_t value_len) {
    for (size_t i = 0; i < source->meta_count; i++) {
        if (strlen(source->meta[i].key) == key_len && memcmp(source->meta[i].key, key, key_len) == 0) {
            free(source->meta[i].value);
            source->meta[i].value = analysis_copy(value, value_len);
            return;
        }
    }
    source->meta =
        analysis_grow(source->meta, &source->meta_cap, source->meta_count + 1, sizeof *source->meta);
    source->meta[source->meta_count++] =
        (analysis_event_meta){analysis_copy(key, key_len), analysis_copy(value, value_len)};
}

static int head_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    analysis_source_set_meta(ctx, key, key_len, value, value_len);
    return 0;
}

static int head_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    (void)ctx, (void)id, (void)bytes, (void)len;
    return SEEN;
}

static int head_thread(void *ctx, const trace_thread *t) {
    (void)ctx, (void)t;
    return SEEN;
}

static int head_host(void *ctx, const trace_host_event *e) {
    (void)ctx, (void)e;
    return SEEN;
}

static int64_t boot_time(const trace_header *h) {
    return (int64_t)(h->realtime_ns - h->monotonic_ns);
}

/* Finds the machine and the clock of source `at` among those before it. */
static void place(analysis_events *rows, size_t at) {
    analysis_event_source *source = &rows->sources[at];
    const char *host = analysis_events_meta(source, "host");
    source->machine = (uint32_t)at;
    for (size_t i = 0; i < at; i++) {
        const analysis_event_source *other = &rows->sources[i];
        const char *name = analysis_events_meta(other, "host");
        int64_t apart = boot_time(&source->header) - boot_time(&other->header);
        if ((!host || !name || strcmp(host, name) == 0) && apart > -SAME_CLOCK_NS && apart < SAME_CLOCK_NS) {
            source->machine = other->machine;
            source->shift = other->shift;
            return;
        }
    }
    if (at > 0) {
        source->shift = boot_time(&source->header) - boot_time(&rows->sources[0].header);
    }
}

int analysis_source_add(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]) {
    size_t at = rows->source_count;
    trace_status status;
    rows->sources = analysis_grow(rows->sources, &rows->source_cap, at + 1, sizeof *rows->sources);
    rows->sources[at] = (analysis_event_source){.path = analysis_copy(path, strlen(path))};
    rows->source_count = at + 1;
    trace_visitor visitor = {.ctx = &rows->sources[at],
                             .meta = head_meta,
                             .string = head_string,
                             .thread = head_thread,
                             .host = head_host};
    const analysis_import_extras extras = {0};
    int rc = analysis_read_details(path, analysis_cores(), &visitor, &extras, &status, error);
    if (rc < 0) {
        return -1;
    }
    rows->sources[at].header = status.header;
    place(rows, at);
    return 0;
}

/* Whether two processes mean one physical device by these numbers; by the place on the bus when both tell it.
 */
static bool same_device(const analysis_events *rows, const analysis_event_device *d, uint32_t source,
                        uint32_t ordinal) {
    static const char *const parts[] = {"pci_domain", "pci_bus", "pci_device"};
    const analysis_event_source *a = &rows->sources[d->source], *b = &rows->sources[source];
    if (a->machine != b->machine) {
        return false;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char x[64], y[64];
        snprintf(x, sizeof x, "device.%u.%s", d->ordinal, parts[i]);
        snprintf(y, sizeof y, "device.%u.%s", ordinal, parts[i]);
        const char *p = analysis_events_meta(a, x), *q = analysis_events_meta(b, y);
        if (!p || !q) {
            return d->ordinal == ordinal;
        }
        if (strcmp(p, q) != 0) {
            return false;
        }
    }
    return true;
}

uint32_t analysis_source_device(analysis_events *rows, uint32_t source, uint32_t ordinal) {
    uint32_t number = ordinal;
    for (size_t i = 0; i < rows->device_count; i++) {
        if (same_device(rows, &rows->devices[i], source, ordinal)) {
            return rows->devices[i].number;
        }
    }
    for (size_t i = 0; i < rows->device_count; i++) {
        if (rows->devices[i].number == number) {
            number++;
            i = (size_t)-1; /* look again for the next number */
        }
    }
    rows->devices =
        analysis_grow(rows->devices, &rows->device_cap, rows->device_count + 1, sizeof *rows->devices);
    rows->devices[rows->device_count++] =
        (analysis_event_device){.number = number, .source = source, .ordinal = ordinal};
    return number;
}

const char *analysis_events_meta(const analysis_event_source *source, const char *key) {
    for (size_t i = 0; i < source->meta_count; i++) {
        if (strcmp(source->meta[i].key, key) == 0) {
            return source->meta[i].value;
        }
    }
    return NULL;
}

void analysis_events_free(analysis_events *rows) {
    for (size_t i = 0; i < rows->source_count; i++) {
        analysis_event_source *source = &rows->sources[i];
        for (size_t j = 0; j < source->meta_count; j++) {
            free(source->meta[j].key);
            free(source->meta[j].value);
        }
        free(source->meta);
        free(source->path);
    }
    free(rows->sources);
    free(rows->threads);
    free(rows->queues);
    free(rows->shapes);
    free(rows->domains);
    free(rows->devices);
    free(rows->places);
    free(rows->definitions);
    analysis_sorter_free(rows->syncs);
    analysis_sorter_free(rows->overheads);
    analysis_sorter_free(rows->ranges);
    analysis_sorter_free(rows->calls);
    analysis_sorter_free(rows->gpu);
    analysis_sorter_free(rows->nodes);
    analysis_names_free(&rows->names);
    memset(rows, 0, sizeof *rows);
}
