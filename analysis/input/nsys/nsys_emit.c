/* Passes rows of an export of Nsight Systems to the visitor as events of a trace. */
#include "analysis/input/nsys/nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t nsys_time_of(const input_nsys_reading *rd, int64_t time) {
    return (uint64_t)(time + rd->capture.base);
}

static void emit_nsys_host(input_nsys_reading *rd, const trace_host_event *e) {
    input_nsys_capture *cap = &rd->capture;
    if (cap->db.stop == 0 && cap->v->host) {
        cap->db.stop = cap->v->host(cap->v->ctx, e);
    }
}

static uint32_t nsys_correlation_of(input_nsys_reading *rd, int64_t global, const input_nsys_cells *row,
                                    int column) {
    int64_t id = input_nsys_cell(row, column, 0);
    if (id <= 0 || id > UINT32_MAX) {
        return 0;
    }
    bool one = rd->process_count == 1;
    return (uint32_t)((one ? 0 : input_nsys_process_of(rd, global)->correlation_base) + (uint64_t)id);
}

/* Source and destination of a copy, by the schema's number. */
static void emit_copy_places(input_nsys_reading *rd, const input_nsys_cells *row) {
    const input_extras *x = rd->capture.extras;
    if (rd->capture.db.stop == 0 && x && x->places) {
        x->places(x->ctx, (input_place){input_nsys_cell(row, 12, -1), input_nsys_cell(row, 13, -1)},
                  (input_place){input_nsys_cell(row, 14, -1), input_nsys_cell(row, 15, -1)});
    }
}

static uint8_t gpu_kind_of_table(int table) {
    switch (table) {
    case INPUT_NSYS_COPIES:
        return TRACE_GPU_MEMCPY;
    case INPUT_NSYS_MEMSETS:
        return TRACE_GPU_MEMSET;
    default:
        return TRACE_GPU_KERNEL;
    }
}

/* A graph that was traced as a whole is GPU work with a time, recorded as a kernel of this name. */
static uint32_t shape_of_whole_graph(input_nsys_reading *rd) {
    if (rd->whole_graphs++ == 0) {
        rd->graph_shape = input_nsys_named_shape(rd, "(CUDA graph)");
        input_nsys_meta(
            &rd->capture, "note.nsys.graphs",
            "CUDA graphs were traced as a whole: each launch counts as one kernel with the time of "
            "the graph; its kernels, copies and memsets are missing (nsys profile "
            "--cuda-graph-trace=node records them)");
    }
    return rd->graph_shape;
}

void input_nsys_gpu_row(input_nsys_reading *rd, int table) {
    input_nsys_table *t = &rd->tables[table];
    input_nsys_capture *cap = &rd->capture;
    const input_nsys_cells *row = t->row;
    bool whole = table == INPUT_NSYS_GRAPH_TRACES;
    trace_gpu_event e = {.kind = gpu_kind_of_table(table),
                         .timed = t->has_end,
                         .correlation = nsys_correlation_of(rd, input_nsys_cell(row, 6, 0), row, 5),
                         .queue = input_nsys_queue_of(rd, row),
                         .graph_node = whole ? 0 : (uint64_t)input_nsys_cell(row, 7, 0)};
    e.graph = (uint32_t)(e.graph_node >> 32);
    if (e.graph_node != 0 && !rd->tables[INPUT_NSYS_NODES].present && !rd->noted_nodes) {
        rd->noted_nodes = true;
        input_nsys_meta(
            cap, "note.nsys.nodes",
            "CUDA graphs: the file has no table CUDA_GRAPH_NODE_EVENTS, so that replayed work belongs to "
            "the ranges of its launch and not to those in which it was captured");
    }
    if (e.timed) {
        e.start = nsys_time_of(rd, t->start);
        e.end = nsys_time_of(rd, t->end);
    }
    if (whole) {
        e.shape = shape_of_whole_graph(rd);
    } else if (table == INPUT_NSYS_KERNELS) {
        e.shape = input_nsys_shape_of(rd, t);
    } else {
        e.bytes = (uint64_t)input_nsys_cell(row, 8, 0);
        e.copy_is_async = base_set_has(&rd->async, e.correlation);
        /* The schema's memory kinds are CUPTI's minus 1, with 7 for the unknown one. */
        uint32_t first = input_nsys_cell_u32(row, 10, 7), second = input_nsys_cell_u32(row, 11, 7);
        uint8_t kinds[2] = {first < 7 ? (uint8_t)(first + 1) : 0, second < 7 ? (uint8_t)(second + 1) : 0};
        if (table == INPUT_NSYS_COPIES) {
            emit_copy_places(rd, row);
            e.copy_kind = (uint8_t)input_nsys_cell_u32(row, 9, 0);
            e.src_mem_kind = kinds[0];
            e.dst_mem_kind = kinds[1];
        } else {
            e.value = input_nsys_cell_u32(row, 9, 0);
            e.dst_mem_kind = kinds[0];
        }
    }
    if (cap->db.stop == 0 && cap->v->gpu) {
        cap->db.stop = cap->v->gpu(cap->v->ctx, &e);
    }
}

void input_nsys_extra_row(input_nsys_reading *rd, int table) {
    input_nsys_table *t = &rd->tables[table];
    const input_extras *x = rd->capture.extras;
    const input_nsys_cells *row = t->row;
    if (table == INPUT_NSYS_SYNCS) {
        input_sync sync = {.start = nsys_time_of(rd, t->start),
                           .end = nsys_time_of(rd, t->end),
                           .queue = input_nsys_queue_of(rd, row),
                           .correlation = nsys_correlation_of(rd, input_nsys_cell(row, 6, 0), row, 5),
                           .type = input_nsys_cell(row, 7, input_nsys_cell(row, 10, -1)),
                           .event = input_nsys_cell(row, 8, -1),
                           .event_sync = input_nsys_cell(row, 9, -1)};
        if (rd->capture.db.stop == 0) {
            x->sync(x->ctx, &sync);
        }
        return;
    }
    input_overhead overhead = {.start = nsys_time_of(rd, t->start),
                               .end = nsys_time_of(rd, t->end),
                               .thread = input_nsys_thread_of(rd, input_nsys_cell(row, 2, 0), 0),
                               .name = input_nsys_string_id(&rd->capture, input_nsys_cell(row, 3, -1)),
                               .result = input_nsys_cell(row, 4, -1)};
    if (rd->capture.db.stop == 0) {
        x->overhead(x->ctx, &overhead);
    }
}

/* Closes the thread's ranges that end before `limit`, the innermost first. */
void input_nsys_close_before(input_nsys_reading *rd, uint32_t thread, int64_t limit) {
    input_open_range r;
    while (input_ranges_close_next(&rd->open[thread], limit, &r)) {
        emit_nsys_host(rd, &(trace_host_event){.kind = r.id ? TRACE_HOST_END : TRACE_HOST_POP,
                                               .thread = r.id ? r.end_thread : thread,
                                               .time = nsys_time_of(rd, r.end),
                                               .domain = r.domain,
                                               .id = r.id});
    }
}

/* Removes the interface version from the name of a runtime call ("cudaLaunchKernel_v7000"). The suffix becomes META, so
 * that an export can restore it. */
static uint32_t call_name_of(input_nsys_reading *rd, int64_t name_id) {
    input_nsys_capture *cap = &rd->capture;
    uint32_t full = name_id < 0 ? 0 : input_nsys_string_id(cap, name_id);
    uint32_t known = base_map_get(&rd->suffixes, full);
    if (known != BASE_NONE) {
        return known;
    }
    const char *text = input_nsys_name(cap, full);
    size_t len = strlen(text), digits = len;
    while (digits > 0 && isdigit((unsigned char)text[digits - 1])) {
        digits--;
    }
    known = full;
    if (strncmp(text, "cuda", 4) == 0 && digits < len && digits > 6 &&
        memcmp(text + digits - 2, "_v", 2) == 0) {
        uint32_t cut = input_nsys_text_id(cap, text, digits - 2);
        /* Two versions of one call: the second keeps its full name. */
        if (base_map_get(&rd->suffixes, cut) == BASE_NONE) {
            char key[300];
            snprintf(key, sizeof key, "nsys.suffix.%s", input_nsys_name(cap, cut));
            input_nsys_detail(cap, key, input_nsys_name(cap, full) + digits - 2);
            base_map_put(&rd->suffixes, cut, cut);
            known = cut;
        }
    }
    base_map_put(&rd->suffixes, full, known);
    return known;
}

static uint32_t add_call_name(input_nsys_reading *rd, int64_t name_id) {
    uint32_t name = call_name_of(rd, name_id), at = (uint32_t)rd->call_count++;
    rd->calls = base_grow(rd->calls, &rd->call_cap, rd->call_count, sizeof *rd->calls);
    rd->calls[at] = (input_nsys_call){.name = name,
                                      .async = strstr(input_nsys_name(&rd->capture, name), "Async") != NULL};
    return at;
}

/* Returns the call with this nameId. */
static input_nsys_call call_of_name_id(input_nsys_reading *rd, int64_t name_id) {
    if (name_id >= 0 && name_id < INPUT_NSYS_DIRECT_CALLS) {
        uint32_t *known = &rd->direct_call[name_id];
        *known = *known != 0 ? *known : add_call_name(rd, name_id) + 1;
        return rd->calls[*known - 1];
    }
    uint32_t at = base_map_get(&rd->by_call, (uint64_t)name_id);
    if (at == BASE_NONE) {
        at = add_call_name(rd, name_id);
        base_map_put(&rd->by_call, (uint64_t)name_id, at);
    }
    return rd->calls[at];
}

void input_nsys_call_row(input_nsys_reading *rd) {
    input_nsys_table *t = &rd->tables[INPUT_NSYS_CALLS];
    const input_nsys_cells *row = t->row;
    int64_t global = input_nsys_cell(row, 2, 0);
    input_nsys_call call = call_of_name_id(rd, input_nsys_cell(row, 4, -1));
    trace_host_event e = {.kind = TRACE_HOST_API,
                          .thread = input_nsys_thread_of(rd, global, 0),
                          .time = nsys_time_of(rd, t->start),
                          .duration = (uint64_t)(t->end - t->start),
                          .name = call.name,
                          .correlation = nsys_correlation_of(rd, global, row, 3),
                          .result = (int32_t)input_nsys_cell(row, 5, 0)};
    if (e.correlation != 0 && call.async) {
        base_set_add(&rd->async, e.correlation);
    }
    input_nsys_close_before(rd, e.thread, t->end);
    emit_nsys_host(rd, &e);
}

/* CUPTI's node ids begin with the id of their graph. */
void input_nsys_node_row(input_nsys_reading *rd, int table) {
    input_nsys_table *t = &rd->tables[table];
    const input_nsys_cells *row = t->row;
    bool node = table == INPUT_NSYS_NODES;
    uint64_t id = (uint64_t)input_nsys_cell(row, 3, 0), original = (uint64_t)input_nsys_cell(row, 4, 0);
    /* Nothing is captured into an executable graph or a copy of a graph. */
    if (id == 0 || (!node && (original != 0 || (row->ints >> 5 & 1) != 0))) {
        return;
    }
    uint32_t thread = input_nsys_thread_of(rd, input_nsys_cell(row, 2, 0), 0);
    input_nsys_close_before(rd, thread, t->start);
    emit_nsys_host(rd, &(trace_host_event){.kind = node ? TRACE_HOST_NODE : TRACE_HOST_GRAPH,
                                           .thread = thread,
                                           .time = nsys_time_of(rd, t->start),
                                           .id = id,
                                           .graph = node ? (uint32_t)(id >> 32) : 0,
                                           .payload = node ? original : 0});
}

static void read_range_payload(const input_nsys_cells *row, trace_host_event *e) {
    static const uint8_t types[] = {TRACE_PAYLOAD_U64, TRACE_PAYLOAD_I64, TRACE_PAYLOAD_F64,
                                    TRACE_PAYLOAD_U32, TRACE_PAYLOAD_I32, TRACE_PAYLOAD_F32};
    for (int i = 0; i < 6; i++) {
        int c = 11 + i;
        if (((row->ints | row->reals) >> c & 1) == 0) {
            continue;
        }
        double f64 = input_nsys_cell_real(row, c);
        float f32 = f64 > -3.4e38 && f64 < 3.4e38 ? (float)f64 : 0;
        uint32_t low;
        memcpy(&low, &f32, sizeof low);
        e->payload_type = types[i];
        e->payload = (uint64_t)input_nsys_cell(row, c, 0);
        if (types[i] == TRACE_PAYLOAD_F64) {
            memcpy(&e->payload, &f64, sizeof f64);
        } else if (types[i] == TRACE_PAYLOAD_F32) {
            e->payload = low;
        } else if (types[i] == TRACE_PAYLOAD_U32 || types[i] == TRACE_PAYLOAD_I32) {
            e->payload &= UINT32_MAX;
        }
        return;
    }
}

/* Returns the string id of the name of a row of NVTX_EVENTS, registered or inline. */
uint32_t input_nsys_range_name(input_nsys_reading *rd, const input_nsys_cells *row) {
    int64_t registered = input_nsys_cell(row, 5, -1);
    uint32_t name = registered < 0 ? 0 : input_nsys_string_id(&rd->capture, registered);
    const char *text = input_nsys_cell_text(row);
    return name == 0 && text ? input_nsys_text_id(&rd->capture, text, row->text_len) : name;
}

static uint32_t range_domain_of(input_nsys_reading *rd, int64_t global, int64_t domain) {
    if (domain <= 0) {
        return 0;
    }
    uint64_t key = input_nsys_mix((uint64_t)global >> 24, (uint64_t)domain);
    uint32_t id = base_map_get(&rd->domains, key);
    if (id == BASE_NONE && rd->capture.cursors.on_slice) { /* its creation may follow */
        rd->capture.db.stop = rd->capture.db.stop == 0 ? INPUT_READ_AGAIN : rd->capture.db.stop;
        return 0;
    }
    if (id == BASE_NONE) { /* its creation is not in the file */
        char text[40];
        snprintf(text, sizeof text, "domain %" PRId64, domain);
        id = input_nsys_text_id(&rd->capture, text, strlen(text));
        base_map_put(&rd->domains, key, id);
    }
    return id;
}

/* Returns the file's id of a start/end range while these ids ascend and are therefore unique; else an id that NVTX never
 * assigns. */
static uint64_t unique_range_id(input_nsys_reading *rd, int64_t given) {
    const int64_t own = (int64_t)1 << 62;
    if (given > rd->range_id_max && given < own) {
        rd->range_id_max = given;
        return (uint64_t)given;
    }
    return (uint64_t)own + ++rd->range_ids;
}

/* An NVTX event without a counterpart in a trace. */
static void emit_other_nvtx(input_nsys_reading *rd, const input_nsys_table *t, int64_t type) {
    const input_extras *x = rd->capture.extras;
    if (rd->capture.db.stop != 0 || !x || !x->nvtx) {
        return;
    }
    int64_t global = input_nsys_cell(t->row, 2, 0);
    input_nvtx e = {.time = nsys_time_of(rd, t->start),
                    .type = type,
                    .thread = input_nsys_thread_of(rd, global, 0),
                    .name = input_nsys_range_name(rd, t->row),
                    .domain = range_domain_of(rd, global, input_nsys_cell(t->row, 6, 0))};
    if (rd->capture.db.stop == 0) {
        x->nvtx(x->ctx, &e);
    }
}

void input_nsys_range_row(input_nsys_reading *rd) {
    input_nsys_table *t = &rd->tables[INPUT_NSYS_RANGES];
    const input_nsys_cells *row = t->row;
    int64_t type = input_nsys_cell(row, 3, 0), global = input_nsys_cell(row, 2, 0);
    bool push = type == 59 || type == 70, start = type == 60 || type == 71, mark = type == 34 || type == 65;
    bool category = type == 33;
    if (!push && !start && !mark && !category) {
        emit_other_nvtx(rd, t, type);
        return;
    }
    uint32_t thread = input_nsys_thread_of(rd, global, 0);
    if (category) {
        emit_nsys_host(rd,
                       &(trace_host_event){.kind = TRACE_HOST_NAME,
                                           .thread = thread,
                                           .time = nsys_time_of(rd, t->start),
                                           .name = input_nsys_range_name(rd, row),
                                           .domain = range_domain_of(rd, global, input_nsys_cell(row, 6, 0)),
                                           .named = TRACE_NAMED_CATEGORY,
                                           .id = input_nsys_cell_u32(row, 8, 0)});
        return;
    }
    bool closes = t->has_end && t->end < rd->capture.duration;
    /* An empty range is inside a range that ends where it begins. */
    input_nsys_close_before(rd, thread, t->end > t->start ? t->start + 1 : t->start);
    const input_open_ranges *o = &rd->open[thread];
    trace_host_event e = {.thread = thread,
                          .time = nsys_time_of(rd, t->start),
                          .name = input_nsys_range_name(rd, row),
                          .domain = range_domain_of(rd, global, input_nsys_cell(row, 6, 0)),
                          .category = input_nsys_cell_u32(row, 8, 0),
                          .color = input_nsys_cell_u32(row, 10, 0)};
    read_range_payload(row, &e);
    if (o->depth >= BASE_NESTING_MAX) {
        rd->lost++;
        return;
    }
    if (push && closes && input_ranges_cross(o, e.domain, t->start, t->end)) {
        push = false;
    }
    if (mark) {
        e.kind = TRACE_HOST_MARK;
    } else if (push) {
        e.kind = TRACE_HOST_PUSH;
    } else {
        e.kind = TRACE_HOST_START;
        e.id = unique_range_id(rd, start ? input_nsys_cell(row, 7, 0) : 0);
    }
    emit_nsys_host(rd, &e);
    if (!mark && closes) {
        int64_t end_global = input_nsys_cell(row, 9, global);
        uint32_t end_thread = input_nsys_thread_of(rd, end_global, 0); /* may move the open ranges */
        input_ranges_open(
            &rd->open[thread],
            (input_open_range){.end = t->end, .domain = e.domain, .id = e.id, .end_thread = end_thread});
    }
}
