/* A Chrome trace of torch.profiler, given to a visitor as if it were a trace.
 *
 * Its events stand in no order, so they are sorted first, in bounded memory. Ranges are its user annotations
 * (what record_function and profiled NVTX ranges make); its operators are none, or every operator would be a
 * range. */
#include "analysis/import.h"

#include "analysis/export_bits.h"
#include "analysis/export_sort.h"
#include "analysis/import_json.h"
#include "analysis/memory.h"
#include "analysis/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IN_MEMORY  (1u << 18)
#define DEPTH_MAX  65536
#define TIME_MAX   ((int64_t)1 << 61)
#define TIME_SHIFT ((uint64_t)1 << 62) /* makes signed times sort as unsigned ones */

enum { RANGE = 1, CALL, KERNEL, COPY, FILL };

/* One event of the file, or the like of it in the making. */
typedef struct {
    uint64_t key;      /* start in ns, plus TIME_SHIFT */
    uint64_t duration; /* the longer one comes first */
    int64_t payload;
    uint64_t bytes, graph_node;
    uint32_t name;   /* index into names */
    uint32_t domain; /* index into names + 1; 0 is the default domain */
    uint32_t thread, correlation;
    uint32_t device, context, stream;
    uint32_t grid[3], block[3], registers, shared;
    uint8_t kind, has_payload, copy_kind, src, dst, async;
    uint8_t unused[6];
} item;

/* The fields of one event of the file. */
typedef struct {
    char phase, category[32], name_key[64];
    int64_t ts, dur, pid, tid;
    bool has_ts, has_dur;
    item item;
    char *label; /* args.name of metadata */
} event;

typedef struct {
    int64_t end;
    uint32_t domain;
} open_range;

typedef struct {
    open_range *list; /* outermost first */
    size_t depth, cap;
} open_ranges;

typedef struct {
    const char *path;
    const trace_visitor *v;
    trace_status *status;
    char *error;
    int stop;
    analysis_json *json;
    analysis_names names;
    size_t said;
    analysis_sorter *sorter;
    analysis_map threads; /* pid and tid -> thread */
    uint64_t *thread_keys;
    uint32_t *thread_names; /* index into names + 1 */
    size_t thread_count, thread_cap, thread_name_cap;
    open_ranges *open;
    size_t open_cap;
    analysis_map queues, shapes;
    uint32_t queue_count, shape_count;
    item *shape_list;
    size_t shape_cap;
    analysis_bits calls;
    int64_t base_ns, first, last, pid;
    bool any, cut;
    char device[8][200]; /* names of devices */
} reading;

static void fail(reading *rd, const char *what) {
    if (rd->stop == 0) {
        rd->stop = -1;
        snprintf(rd->error, TRACE_ERROR_BYTES,
                 "%s: %s; give a whole trace of torch.profiler (export_chrome_trace)", rd->path, what);
    }
}

/* ---- The file ---- */

static uint32_t thread_of(reading *rd, int64_t pid, int64_t tid) {
    uint64_t key = (uint64_t)pid << 32 ^ (uint64_t)tid;
    uint32_t at = analysis_map_get(&rd->threads, key);
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)rd->thread_count++;
        rd->thread_keys = analysis_grow(rd->thread_keys, &rd->thread_cap, rd->thread_count, sizeof(uint64_t));
        rd->thread_names =
            analysis_grow(rd->thread_names, &rd->thread_name_cap, rd->thread_count, sizeof(uint32_t));
        rd->thread_keys[at] = (uint64_t)tid;
        analysis_map_put(&rd->threads, key, at);
    }
    return at;
}

static uint32_t u32(const char *text) {
    uint64_t value = strtoull(text, NULL, 10);
    return *text == '-' || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* Up to three numbers of an array; false when the file ends inside it. */
static bool read_triple(reading *rd, uint32_t out[3]) {
    analysis_json *j = rd->json;
    uint64_t inside = j->depth;
    for (int n = 0; j->depth >= inside;) {
        analysis_json_token t = analysis_json_next(j);
        if (t == ANALYSIS_JSON_END || t == ANALYSIS_JSON_ERROR) {
            return false;
        }
        if (t == ANALYSIS_JSON_WORD && j->depth == inside && n < 3) {
            out[n++] = u32(j->text);
        }
    }
    return true;
}

static void take_argument(reading *rd, event *e, const char *key, const analysis_json *j,
                          analysis_json_token t) {
    item *i = &e->item;
    struct {
        const char *key;
        uint32_t *value;
    } numbers[] = {{"correlation", &i->correlation},
                   {"device", &i->device},
                   {"context", &i->context},
                   {"stream", &i->stream},
                   {"registers per thread", &i->registers},
                   {"shared memory", &i->shared}};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        if (strcmp(key, numbers[n].key) == 0) {
            *numbers[n].value = u32(j->text);
            return;
        }
    }
    if (strcmp(key, "bytes") == 0) {
        i->bytes = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "graph node id") == 0) {
        i->graph_node = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "payload") == 0 && t == ANALYSIS_JSON_WORD && strcspn(j->text, ".eE") == j->len) {
        i->payload = strtoll(j->text, NULL, 10);
        i->has_payload = 1;
    } else if (strcmp(key, "domain") == 0 && t == ANALYSIS_JSON_TEXT_TOKEN) {
        i->domain = analysis_names_intern(&rd->names, j->text, j->len) + 1;
    } else if (strcmp(key, "name") == 0 && t == ANALYSIS_JSON_TEXT_TOKEN) {
        free(e->label);
        e->label = analysis_copy(j->text, j->len < 200 ? j->len : 200);
    }
}

/* Goes to the next key of the object that is open; false at its end, or with the error set. */
static bool next_key(reading *rd, char key[64]) {
    analysis_json *j = rd->json;
    analysis_json_token t = analysis_json_next(j);
    if (t == ANALYSIS_JSON_COMMA) {
        t = analysis_json_next(j);
    }
    if (t == ANALYSIS_JSON_CLOSE && j->bracket == '}') {
        return false;
    }
    snprintf(key, 64, "%.63s", j->text);
    if (t != ANALYSIS_JSON_TEXT_TOKEN || analysis_json_next(j) != ANALYSIS_JSON_COLON) {
        rd->cut = true;
        return false;
    }
    return true;
}

static bool read_arguments(reading *rd, event *e) {
    analysis_json *j = rd->json;
    char key[64];
    while (next_key(rd, key)) {
        analysis_json_token t = analysis_json_next(j);
        bool grid = strcmp(key, "grid") == 0;
        if (t == ANALYSIS_JSON_OPEN && j->bracket == '[' && (grid || strcmp(key, "block") == 0)) {
            rd->cut |= !read_triple(rd, grid ? e->item.grid : e->item.block);
        } else if (t == ANALYSIS_JSON_OPEN) {
            rd->cut |= !analysis_json_skip(j, t);
        } else if (t == ANALYSIS_JSON_TEXT_TOKEN || t == ANALYSIS_JSON_WORD) {
            take_argument(rd, e, key, j, t);
        } else {
            rd->cut = true;
        }
        if (rd->cut) {
            return false;
        }
    }
    return !rd->cut;
}

static void take_field(reading *rd, event *e, const char *key) {
    const analysis_json *j = rd->json;
    if (strcmp(key, "ph") == 0) {
        e->phase = j->text[0];
    } else if (strcmp(key, "cat") == 0) {
        snprintf(e->category, sizeof e->category, "%.31s", j->text);
    } else if (strcmp(key, "name") == 0) {
        snprintf(e->name_key, sizeof e->name_key, "%.63s", j->text);
        e->item.name = analysis_names_intern(&rd->names, j->text, j->len);
    } else if (strcmp(key, "ts") == 0) {
        e->has_ts = analysis_json_thousandths(j->text, &e->ts);
    } else if (strcmp(key, "dur") == 0) {
        e->has_dur = analysis_json_thousandths(j->text, &e->dur);
    } else if (strcmp(key, "pid") == 0) {
        e->pid = strtoll(j->text, NULL, 10);
    } else if (strcmp(key, "tid") == 0) {
        e->tid = strtoll(j->text, NULL, 10);
    }
}

/* "Memcpy DtoH (Device -> Pinned)", "Memset (Device)": CUPTI's numbers of the copy's kind and of the
 * memories. */
static void read_memory(item *i, const char *name) {
    static const char *const kinds[] = {"HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                        "AtoD", "DtoA", "DtoD", "HtoH", "PtoP"};
    static const char *const memories[] = {"Pageable", "Pinned",        "Device",        "Array",
                                           "Managed",  "Device Static", "Managed Static"};
    const char *open = strchr(name, '('), *arrow = open ? strstr(open, " -> ") : NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        i->copy_kind = strncmp(name, "Memcpy ", 7) == 0 && strncmp(name + 7, kinds[k], 4) == 0
                           ? (uint8_t)(k + 1)
                           : i->copy_kind;
    }
    for (size_t k = 0; open && k < sizeof memories / sizeof *memories; k++) {
        size_t len = strlen(memories[k]);
        if (strncmp(open + 1, memories[k], len) == 0 && strchr(") ", open[1 + len])) {
            *(i->kind == COPY ? &i->src : &i->dst) = (uint8_t)(k + 1);
        }
        if (arrow && strncmp(arrow + 4, memories[k], len) == 0 && arrow[4 + len] == ')') {
            i->dst = (uint8_t)(k + 1);
        }
    }
}

static uint8_t kind_of(const char *category) {
    static const struct {
        const char *category;
        uint8_t kind;
    } kinds[] = {{"user_annotation", RANGE}, {"nvtx", RANGE},    {"cuda_runtime", CALL},
                 {"cuda_driver", CALL},      {"kernel", KERNEL}, {"Kernel", KERNEL},
                 {"gpu_memcpy", COPY},       {"Memcpy", COPY},   {"gpu_memset", FILL},
                 {"Memset", FILL},           {"Runtime", CALL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(category, kinds[i].category) == 0) {
            return kinds[i].kind;
        }
    }
    return 0;
}

static void take_event(reading *rd, event *e) {
    item *i = &e->item;
    if (e->phase == 'M' && e->label && strcmp(e->name_key, "thread_name") == 0) {
        uint32_t thread = thread_of(rd, e->pid, e->tid);
        rd->thread_names[thread] = analysis_names_intern(&rd->names, e->label, strlen(e->label)) + 1;
    }
    i->kind = kind_of(e->category);
    if (e->phase != 'X' || i->kind == 0 || !e->has_ts || !e->has_dur || e->dur < 0 || e->ts > TIME_MAX ||
        e->ts < -TIME_MAX || e->dur > TIME_MAX) {
        return;
    }
    if (i->kind == RANGE || i->kind == CALL) {
        i->thread = thread_of(rd, e->pid, e->tid);
        rd->pid = rd->pid == 0 ? e->pid : rd->pid;
    }
    if (i->kind == COPY || i->kind == FILL) {
        read_memory(i, e->name_key);
    }
    i->key = (uint64_t)e->ts + TIME_SHIFT;
    i->duration = (uint64_t)e->dur;
    rd->first = !rd->any || e->ts < rd->first ? e->ts : rd->first;
    rd->last = !rd->any || e->ts + e->dur > rd->last ? e->ts + e->dur : rd->last;
    rd->any = true;
    analysis_sorter_add(rd->sorter, i);
}

static void read_event(reading *rd) {
    event e = {0};
    char key[64];
    while (next_key(rd, key)) {
        analysis_json_token t = analysis_json_next(rd->json);
        if (t == ANALYSIS_JSON_OPEN && rd->json->bracket == '{' && strcmp(key, "args") == 0) {
            read_arguments(rd, &e);
        } else if (t == ANALYSIS_JSON_OPEN) {
            rd->cut |= !analysis_json_skip(rd->json, t);
        } else if (t == ANALYSIS_JSON_TEXT_TOKEN || t == ANALYSIS_JSON_WORD) {
            take_field(rd, &e, key);
        } else {
            rd->cut = true;
        }
        if (rd->cut) {
            break;
        }
    }
    if (!rd->cut) {
        take_event(rd, &e);
    }
    free(e.label);
}

/* The array of events, behind its bracket. */
static void read_events(reading *rd) {
    analysis_json *j = rd->json;
    for (;;) {
        analysis_json_token t = analysis_json_next(j);
        if (t == ANALYSIS_JSON_CLOSE && j->bracket == ']') {
            return;
        }
        if (t == ANALYSIS_JSON_OPEN && j->bracket == '{') {
            read_event(rd);
        } else if (t != ANALYSIS_JSON_COMMA && !analysis_json_skip(j, t)) {
            rd->cut = true;
        }
        if (rd->cut) {
            return;
        }
    }
}

/* The array of deviceProperties: names by id. */
static void read_devices(reading *rd) {
    analysis_json *j = rd->json;
    uint64_t outside = j->depth - 1;
    char key[64] = "";
    uint32_t id = 0;
    while (j->depth > outside) {
        analysis_json_token t = analysis_json_next(j);
        if (t == ANALYSIS_JSON_END || t == ANALYSIS_JSON_ERROR) {
            rd->cut = true;
            return;
        }
        if (t == ANALYSIS_JSON_TEXT_TOKEN && strcmp(key, "name") == 0 && id < 8) {
            snprintf(rd->device[id], sizeof rd->device[id], "%.199s", j->text);
            *key = '\0';
        } else if (t == ANALYSIS_JSON_WORD && strcmp(key, "id") == 0) {
            id = u32(j->text);
            *key = '\0';
        } else if (t == ANALYSIS_JSON_TEXT_TOKEN) {
            snprintf(key, sizeof key, "%.63s", j->text);
        }
    }
}

static void read_file(reading *rd) {
    analysis_json *j = rd->json;
    char key[64];
    bool found = false;
    analysis_json_token t = analysis_json_next(j);
    if (t == ANALYSIS_JSON_OPEN && j->bracket == '[') {
        found = true;
        read_events(rd);
    } else if (t == ANALYSIS_JSON_OPEN) {
        while (!rd->cut && next_key(rd, key)) {
            t = analysis_json_next(j);
            bool array = t == ANALYSIS_JSON_OPEN && j->bracket == '[';
            if (array && strcmp(key, "traceEvents") == 0) {
                found = true;
                read_events(rd);
            } else if (array && strcmp(key, "deviceProperties") == 0) {
                read_devices(rd);
            } else if (t == ANALYSIS_JSON_WORD && strcmp(key, "baseTimeNanoseconds") == 0) {
                rd->base_ns = strtoll(j->text, NULL, 10);
            } else {
                rd->cut |= !analysis_json_skip(j, t);
            }
        }
    }
    if (rd->cut || j->failed) {
        char what[100];
        snprintf(what, sizeof what, "is cut or no JSON at byte %" PRIu64, j->read);
        fail(rd, what);
    } else if (!found) {
        fail(rd, "is JSON without traceEvents");
    }
}

/* ---- The visitor ---- */

static void meta(reading *rd, const char *key, const char *value) {
    if (rd->stop == 0 && rd->v->meta) {
        rd->stop = rd->v->meta(rd->v->ctx, key, strlen(key), value, strlen(value));
    }
}

static void say_names(reading *rd) {
    for (; rd->said < rd->names.count; rd->said++) {
        const analysis_name *name = &rd->names.list[rd->said];
        if (rd->stop == 0 && rd->v->string) {
            rd->stop = rd->v->string(rd->v->ctx, (uint32_t)rd->said + 1, name->text,
                                     name->len > TRACE_STRING_MAX ? TRACE_STRING_MAX : name->len);
        }
    }
}

static uint64_t time_of(const reading *rd, int64_t time) {
    return (uint64_t)(time - rd->first) + rd->status->header.monotonic_ns;
}

static int64_t start_of(const item *i) {
    return (int64_t)(i->key - TIME_SHIFT);
}

static void host(reading *rd, const trace_host_event *e) {
    if (rd->stop == 0 && rd->v->host) {
        rd->stop = rd->v->host(rd->v->ctx, e);
    }
}

/* Ends the thread's ranges that end before `limit`, the innermost first. */
static void pop(reading *rd, uint32_t thread, int64_t limit) {
    open_ranges *o = &rd->open[thread];
    for (;;) {
        size_t least = o->depth;
        for (size_t i = o->depth; i-- > 0;) {
            least = least == o->depth || o->list[i].end < o->list[least].end ? i : least;
        }
        if (least == o->depth || o->list[least].end >= limit) {
            return;
        }
        open_range r = o->list[least];
        memmove(&o->list[least], &o->list[least + 1], (--o->depth - least) * sizeof *o->list);
        host(rd,
             &(trace_host_event){
                 .kind = TRACE_HOST_POP, .thread = thread, .time = time_of(rd, r.end), .domain = r.domain});
    }
}

static void say_range(reading *rd, const item *i) {
    int64_t start = start_of(i), end = start + (int64_t)i->duration;
    pop(rd, i->thread, i->duration > 0 ? start + 1 : start);
    open_ranges *o = &rd->open[i->thread];
    if (o->depth >= DEPTH_MAX) {
        return;
    }
    for (size_t n = 0; n < o->depth;
         n++) { /* one that lies across the end of a range around it ends with that one */
        end = o->list[n].domain == i->domain && o->list[n].end < end ? o->list[n].end : end;
    }
    host(rd, &(trace_host_event){.kind = TRACE_HOST_PUSH,
                                 .thread = i->thread,
                                 .time = time_of(rd, start),
                                 .name = i->name + 1,
                                 .domain = i->domain,
                                 .payload_type = i->has_payload ? TRACE_PAYLOAD_I64 : TRACE_PAYLOAD_NONE,
                                 .payload = (uint64_t)i->payload});
    o->list = analysis_grow(o->list, &o->cap, o->depth + 1, sizeof *o->list);
    o->list[o->depth++] = (open_range){.end = end, .domain = i->domain};
}

static void say_call(reading *rd, const item *i) {
    uint32_t correlation = i->correlation;
    if (correlation != 0 && !analysis_bits_add(&rd->calls, correlation)) {
        correlation = 0;
    }
    pop(rd, i->thread, start_of(i) + (int64_t)i->duration);
    host(rd, &(trace_host_event){.kind = TRACE_HOST_API,
                                 .thread = i->thread,
                                 .time = time_of(rd, start_of(i)),
                                 .duration = i->duration,
                                 .name = i->name + 1,
                                 .correlation = correlation});
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9fb21c651e98df25u;
    return hash ^ hash >> 32;
}

static uint32_t queue_of(reading *rd, const item *i) {
    uint64_t key = mix(mix(i->device, i->context), i->stream);
    uint32_t id = analysis_map_get(&rd->queues, key);
    if (id == ANALYSIS_NONE) {
        id = rd->queue_count++;
        analysis_map_put(&rd->queues, key, id);
        trace_queue q = {.id = id, .device = i->device, .context = i->context, .stream = i->stream};
        if (rd->stop == 0 && rd->v->queue) {
            rd->stop = rd->v->queue(rd->v->ctx, &q);
        }
    }
    return id;
}

static bool same_shape(const item *a, const item *b) {
    return a->name == b->name && memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->block, b->block, sizeof a->block) == 0 && a->registers == b->registers &&
           a->shared == b->shared;
}

static uint32_t shape_of(reading *rd, const item *i) {
    uint64_t hash = mix(mix(i->name, i->registers), i->shared);
    for (int n = 0; n < 3; n++) {
        hash = mix(mix(hash, i->grid[n]), i->block[n]);
    }
    uint32_t id;
    while ((id = analysis_map_get(&rd->shapes, hash)) != ANALYSIS_NONE) {
        if (same_shape(&rd->shape_list[id], i)) {
            return id;
        }
        hash++;
    }
    id = rd->shape_count++;
    rd->shape_list = analysis_grow(rd->shape_list, &rd->shape_cap, rd->shape_count, sizeof *rd->shape_list);
    rd->shape_list[id] = *i;
    analysis_map_put(&rd->shapes, hash, id);
    trace_shape shape = {.id = id,
                         .name = i->name + 1,
                         .registers_per_thread = i->registers,
                         .dynamic_shared_bytes = i->shared};
    memcpy(shape.grid, i->grid, sizeof shape.grid);
    memcpy(shape.block, i->block, sizeof shape.block);
    if (rd->stop == 0 && rd->v->shape) {
        rd->stop = rd->v->shape(rd->v->ctx, &shape);
    }
    return id;
}

static void say_gpu(reading *rd, const item *i) {
    trace_gpu_event e = {.kind = i->kind == KERNEL ? TRACE_GPU_KERNEL
                                 : i->kind == COPY ? TRACE_GPU_MEMCPY
                                                   : TRACE_GPU_MEMSET,
                         .timed = true,
                         .start = time_of(rd, start_of(i)),
                         .end = time_of(rd, start_of(i) + (int64_t)i->duration),
                         .correlation = i->correlation,
                         .queue = queue_of(rd, i),
                         .shape = i->kind == KERNEL ? shape_of(rd, i) : 0,
                         .graph_node = i->graph_node,
                         .bytes = i->bytes,
                         .copy_kind = i->copy_kind,
                         .src_mem_kind = i->src,
                         .dst_mem_kind = i->dst};
    if (rd->stop == 0 && rd->v->gpu) {
        rd->stop = rd->v->gpu(rd->v->ctx, &e);
    }
}

static void say_head(reading *rd) {
    char key[64];
    trace_header *h = &rd->status->header;
    h->major = TRACE_VERSION_MAJOR;
    h->pid = (uint32_t)rd->pid;
    h->monotonic_ns = rd->first > 0 ? (uint64_t)rd->first : 1;
    h->realtime_ns = rd->base_ns > 0 ? (uint64_t)(rd->base_ns + rd->first) : 0;
    meta(rd, "recorder", "torch.profiler (Chrome trace)");
    for (unsigned i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "device.%u.name", i);
        if (*rd->device[i]) {
            meta(rd, key, rd->device[i]);
        }
    }
    meta(rd, "note.chrome", "read from a Chrome trace: ranges are its user annotations, operators are not");
    say_names(rd);
    for (size_t i = 0; i < rd->thread_count; i++) {
        const analysis_name *name = rd->thread_names[i] ? &rd->names.list[rd->thread_names[i] - 1] : NULL;
        trace_thread t = {.index = (uint32_t)i,
                          .tid = (uint32_t)rd->thread_keys[i],
                          .name = name ? name->text : "",
                          .name_len = name ? name->len : 0};
        if (rd->stop == 0 && rd->v->thread) {
            rd->stop = rd->v->thread(rd->v->ctx, &t);
        }
    }
}

static void say_all(reading *rd) {
    const item *i;
    uint64_t done = 0;
    say_head(rd);
    rd->open = analysis_alloc(rd->thread_count, sizeof *rd->open);
    while (rd->stop == 0 && (i = analysis_sorter_next(rd->sorter)) != NULL) {
        if (i->kind == RANGE) {
            say_range(rd, i);
        } else if (i->kind == CALL) {
            say_call(rd, i);
        } else {
            say_gpu(rd, i);
        }
        if (++done % 65536 == 0 && rd->stop == 0 && rd->v->progress) {
            rd->stop = rd->v->progress(rd->v->ctx, done, analysis_sorter_count(rd->sorter));
        }
    }
    for (uint32_t t = 0; t < rd->thread_count; t++) {
        pop(rd, t, INT64_MAX);
    }
    if (rd->stop == 0 && rd->v->end) {
        rd->stop = rd->v->end(rd->v->ctx, time_of(rd, rd->last), "capture", strlen("capture"));
    }
    if (analysis_sorter_failed(rd->sorter)) {
        fail(rd, "a temporary file could not be written: make room, or set TMPDIR");
    }
}

static void free_reading(reading *rd) {
    for (size_t i = 0; rd->open && i < rd->thread_count; i++) {
        free(rd->open[i].list);
    }
    free(rd->open);
    free(rd->json);
    free(rd->thread_keys);
    free(rd->thread_names);
    free(rd->shape_list);
    analysis_sorter_free(rd->sorter);
    analysis_map_free(&rd->threads);
    analysis_map_free(&rd->queues);
    analysis_map_free(&rd->shapes);
    analysis_bits_free(&rd->calls);
    analysis_names_free(&rd->names);
    free(rd);
}

int analysis_import_chrome(const char *path, const trace_visitor *v, trace_status *status,
                           char error[TRACE_ERROR_BYTES]) {
    reading *rd = analysis_alloc(1, sizeof *rd);
    struct stat st;
    memset(status, 0, sizeof *status);
    status->bytes_total = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    status->ended = true;
    *rd = (reading){.path = path, .v = v, .status = status, .error = error};
    rd->json = analysis_alloc(1, sizeof *rd->json);
    rd->json->file = fopen(path, "re");
    rd->sorter = analysis_sorter_new(sizeof(item), true, IN_MEMORY);
    if (rd->json->file) {
        read_file(rd);
        fclose(rd->json->file);
        if (rd->stop == 0) {
            say_all(rd);
        }
    } else {
        fail(rd, strerror(errno));
    }
    int rc = rd->stop;
    free_reading(rd);
    return rc;
}
