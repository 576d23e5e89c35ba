/* The events of a Chrome trace as those of a trace. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void meta(input_chrome_reading *rd, const char *key, const char *value) {
    if (rd->stop == 0 && rd->v->meta) {
        rd->stop = rd->v->meta(rd->v->ctx, key, strlen(key), value, strlen(value));
    }
}

static void say_names(input_chrome_reading *rd) {
    for (; rd->said < rd->names.count; rd->said++) {
        const names_entry *name = &rd->names.list[rd->said];
        if (rd->stop == 0 && rd->v->string) {
            rd->stop = rd->v->string(rd->v->ctx, (uint32_t)rd->said + 1, name->text,
                                     name->len > TRACE_STRING_MAX ? TRACE_STRING_MAX : name->len);
        }
    }
}

static uint64_t time_of(const input_chrome_reading *rd, int64_t time) {
    return (uint64_t)(time - rd->first) + rd->status->header.monotonic_ns;
}

static int64_t start_of(const input_chrome_item *i) {
    return (int64_t)(i->key - INPUT_CHROME_SHIFT);
}

static void host(input_chrome_reading *rd, const trace_host_event *e) {
    if (rd->stop == 0 && rd->v->host) {
        rd->stop = rd->v->host(rd->v->ctx, e);
    }
}

/* Ends the thread's ranges that end before `limit`, the innermost first. */
static void pop(input_chrome_reading *rd, uint32_t thread, int64_t limit) {
    input_chrome_ranges *o = &rd->open[thread];
    for (;;) {
        size_t least = o->depth;
        for (size_t i = o->depth; i-- > 0;) {
            least = least == o->depth || o->list[i].end < o->list[least].end ? i : least;
        }
        if (least == o->depth || o->list[least].end >= limit) {
            return;
        }
        input_chrome_range r = o->list[least];
        memmove(&o->list[least], &o->list[least + 1], (--o->depth - least) * sizeof *o->list);
        host(rd,
             &(trace_host_event){
                 .kind = TRACE_HOST_POP, .thread = thread, .time = time_of(rd, r.end), .domain = r.domain});
    }
}

static void say_range(input_chrome_reading *rd, const input_chrome_item *i) {
    int64_t start = start_of(i), end = start + (int64_t)i->duration;
    pop(rd, i->thread, i->duration > 0 ? start + 1 : start);
    input_chrome_ranges *o = &rd->open[i->thread];
    if (o->depth >= BASE_NESTING_MAX) {
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
    o->list = base_grow(o->list, &o->cap, o->depth + 1, sizeof *o->list);
    o->list[o->depth++] = (input_chrome_range){.end = end, .domain = i->domain};
}

/* Whether calls of several processes have this id: of GPU work nothing tells which of them it is of. */
static bool is_shared(const input_chrome_reading *rd, uint32_t correlation) {
    size_t found = 0;
    for (size_t i = 0; rd->process_count > 1 && i < rd->process_count && found < 2; i++) {
        found += base_set_has(&rd->processes[i].calls, correlation);
    }
    return found > 1;
}

static void say_call(input_chrome_reading *rd, const input_chrome_item *i) {
    uint32_t correlation = i->correlation;
    if (correlation != 0 && (is_shared(rd, correlation) || !base_set_add(&rd->calls, correlation))) {
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

static uint32_t queue_of(input_chrome_reading *rd, const input_chrome_item *i) {
    uint64_t key = mix(mix(i->device, i->context), i->stream);
    uint32_t id = base_map_get(&rd->queues, key);
    if (id == BASE_NONE) {
        id = rd->queue_count++;
        base_map_put(&rd->queues, key, id);
        trace_queue q = {.id = id, .device = i->device, .context = i->context, .stream = i->stream};
        if (rd->stop == 0 && rd->v->queue) {
            rd->stop = rd->v->queue(rd->v->ctx, &q);
        }
    }
    return id;
}

static bool same_shape(const input_chrome_item *a, const input_chrome_item *b) {
    return a->name == b->name && memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->block, b->block, sizeof a->block) == 0 && a->registers == b->registers &&
           a->shared == b->shared;
}

static uint32_t shape_of(input_chrome_reading *rd, const input_chrome_item *i) {
    uint64_t hash = mix(mix(i->name, i->registers), i->shared);
    for (int n = 0; n < 3; n++) {
        hash = mix(mix(hash, i->grid[n]), i->block[n]);
    }
    uint32_t id;
    while ((id = base_map_get(&rd->shapes, hash)) != BASE_NONE) {
        if (same_shape(&rd->shape_list[id], i)) {
            return id;
        }
        hash++;
    }
    id = rd->shape_count++;
    rd->shape_list = base_grow(rd->shape_list, &rd->shape_cap, rd->shape_count, sizeof *rd->shape_list);
    rd->shape_list[id] = *i;
    base_map_put(&rd->shapes, hash, id);
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

static void say_gpu(input_chrome_reading *rd, const input_chrome_item *i) {
    trace_gpu_event e = {.kind = i->kind == INPUT_CHROME_KERNEL ? TRACE_GPU_KERNEL
                                 : i->kind == INPUT_CHROME_COPY ? TRACE_GPU_MEMCPY
                                                                : TRACE_GPU_MEMSET,
                         .timed = true,
                         .start = time_of(rd, start_of(i)),
                         .end = time_of(rd, start_of(i) + (int64_t)i->duration),
                         .correlation = is_shared(rd, i->correlation) ? 0 : i->correlation,
                         .queue = queue_of(rd, i),
                         .shape = i->kind == INPUT_CHROME_KERNEL ? shape_of(rd, i) : 0,
                         .graph_node = i->graph_node,
                         .bytes = i->bytes,
                         .copy_kind = i->copy_kind,
                         .src_mem_kind = i->src,
                         .dst_mem_kind = i->dst};
    if (rd->stop == 0 && rd->v->gpu) {
        rd->stop = rd->v->gpu(rd->v->ctx, &e);
    }
}

static void say_head(input_chrome_reading *rd) {
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
    meta(rd, "import.absent",
         " launchType cacheConfig staticSharedMemory dynamicSharedMemory localMemoryPerThread "
         "localMemoryTotal "
         "sharedMemoryExecuted sharedMemoryLimitConfig ");
    if (rd->process_count > 1) {
        meta(rd, "note.chrome.processes",
             "the file holds several processes; they are shown as one, and GPU work with an id that calls of "
             "several have is unattributed: give one file for each of them");
    }
    meta(rd, "note.chrome", "read from a Chrome trace: ranges are its user annotations, operators are not");
    say_names(rd);
    for (size_t i = 0; i < rd->thread_count; i++) {
        const names_entry *name = rd->thread_names[i] ? &rd->names.list[rd->thread_names[i] - 1] : NULL;
        trace_thread t = {.index = (uint32_t)i,
                          .tid = (uint32_t)rd->thread_keys[i],
                          .name = name ? name->text : "",
                          .name_len = name ? name->len : 0};
        if (rd->stop == 0 && rd->v->thread) {
            rd->stop = rd->v->thread(rd->v->ctx, &t);
        }
    }
}

void input_chrome_emit(input_chrome_reading *rd) {
    const input_chrome_item *i;
    uint64_t done = 0;
    say_head(rd);
    rd->open = base_alloc(rd->thread_count, sizeof *rd->open);
    while (rd->stop == 0 && (i = base_sorter_next(rd->sorter)) != NULL) {
        if (i->kind == INPUT_CHROME_RANGE) {
            say_range(rd, i);
        } else if (i->kind == INPUT_CHROME_CALL) {
            say_call(rd, i);
        } else {
            say_gpu(rd, i);
        }
        if (++done % 65536 == 0 && rd->stop == 0 && rd->v->progress) {
            rd->stop = rd->v->progress(rd->v->ctx, done, base_sorter_count(rd->sorter));
        }
    }
    for (uint32_t t = 0; t < rd->thread_count; t++) {
        pop(rd, t, INT64_MAX);
    }
    if (rd->stop == 0 && rd->v->end) {
        rd->stop = rd->v->end(rd->v->ctx, time_of(rd, rd->last), "capture", strlen("capture"));
    }
    if (base_sorter_failed(rd->sorter)) {
        input_chrome_fail(rd, "a temporary file could not be written: make room, or set TMPDIR");
    }
}
