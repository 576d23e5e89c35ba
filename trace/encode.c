/* Builds chunks of the trace format in memory: varints, cursors, header and checksum. No allocation, no
 * system call. */
#include "trace/flags.h"
#include "trace/trace.h"

#include <string.h>

static void put_u16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put_u32(uint8_t *p, uint32_t v) {
    put_u16(p, (uint16_t)v);
    put_u16(p + 2, (uint16_t)(v >> 16));
}

static void put_u64(uint8_t *p, uint64_t v) {
    put_u32(p, (uint32_t)v);
    put_u32(p + 4, (uint32_t)(v >> 32));
}

void trace_encode_header(uint8_t *buf, const trace_header *header) {
    memset(buf, 0, TRACE_HEADER_BYTES);
    memcpy(buf, TRACE_MAGIC, 8);
    put_u16(buf + 8, header->major);
    put_u16(buf + 10, header->minor);
    put_u32(buf + 12, TRACE_HEADER_BYTES);
    put_u64(buf + 16, header->realtime_ns);
    put_u64(buf + 24, header->monotonic_ns);
    put_u32(buf + 32, header->pid);
    put_u32(buf + 60, trace_crc32c(0, buf, 60));
}

void trace_chunk_begin(trace_chunk *c, uint8_t *buf, size_t cap, trace_chunk_type type, uint32_t stream,
                       uint64_t base_time) {
    memset(c, 0, sizeof *c);
    c->buf = buf;
    c->cap =
        cap < TRACE_CHUNK_BYTES + TRACE_CHUNK_MAX_PAYLOAD ? cap : TRACE_CHUNK_BYTES + TRACE_CHUNK_MAX_PAYLOAD;
    c->len = TRACE_CHUNK_BYTES;
    c->base_time = c->cursor_time = base_time;
    memset(buf, 0, TRACE_CHUNK_BYTES);
    put_u32(buf, TRACE_CHUNK_MAGIC);
    put_u16(buf + 4, (uint16_t)type);
    put_u64(buf + 16, base_time);
    put_u32(buf + 24, stream);
}

size_t trace_chunk_end(trace_chunk *c) {
    put_u32(c->buf + 8, (uint32_t)(c->len - TRACE_CHUNK_BYTES));
    put_u32(c->buf + 12, c->records);
    uint32_t crc = trace_crc32c(0, c->buf, TRACE_CHUNK_BYTES - 4);
    crc = trace_crc32c(crc, c->buf + TRACE_CHUNK_BYTES, c->len - TRACE_CHUNK_BYTES);
    put_u32(c->buf + TRACE_CHUNK_BYTES - 4, crc);
    return c->len;
}

size_t trace_chunk_length(const uint8_t *chunk) {
    uint32_t payload = 0;
    for (int i = 3; i >= 0; i--) {
        payload = payload << 8 | chunk[8 + i];
    }
    return TRACE_CHUNK_BYTES + payload;
}

/* The caller has checked that there is room: TRACE_RECORD_MAX holds the longest record of each kind. */
static void put_trace_varint(trace_chunk *c, uint64_t v) {
    while (v >= 0x80) {
        c->buf[c->len++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    c->buf[c->len++] = (uint8_t)v;
}

static void put_zigzag(trace_chunk *c, int64_t v) {
    put_trace_varint(c, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static void put_time_from_cursor(trace_chunk *c, uint64_t time) {
    put_zigzag(c, (int64_t)(time - c->cursor_time));
    c->cursor_time = time;
}

static void put_correlation(trace_chunk *c, uint32_t id) {
    put_zigzag(c, (int64_t)id - (int64_t)c->cursor_correlation);
    c->cursor_correlation = id;
}

static bool has_room_for(const trace_chunk *c, size_t bytes) {
    return c->cap - c->len >= bytes;
}

static void put_sized_bytes(trace_chunk *c, const void *p, size_t len) {
    put_trace_varint(c, len);
    memcpy(c->buf + c->len, p, len);
    c->len += len;
}

bool trace_put_meta(trace_chunk *c, const char *key, const char *value, size_t value_len) {
    size_t key_len = strlen(key);
    if (!has_room_for(c, key_len + value_len + 20)) {
        return false;
    }
    put_sized_bytes(c, key, key_len);
    put_sized_bytes(c, value, value_len);
    c->records++;
    return true;
}

bool trace_put_string(trace_chunk *c, uint32_t id, const char *string, size_t len) {
    if (!has_room_for(c, len + 20)) {
        return false;
    }
    put_trace_varint(c, id);
    put_sized_bytes(c, string, len);
    c->records++;
    return true;
}

bool trace_put_counter(trace_chunk *c, const char *name, uint64_t value) {
    size_t len = strlen(name);
    if (!has_room_for(c, len + 20)) {
        return false;
    }
    put_sized_bytes(c, name, len);
    put_trace_varint(c, value);
    c->records++;
    return true;
}

bool trace_put_end(trace_chunk *c, uint64_t time, const char *reason) {
    size_t len = strlen(reason);
    if (!has_room_for(c, len + 20)) {
        return false;
    }
    put_trace_varint(c, time);
    put_sized_bytes(c, reason, len);
    c->records++;
    return true;
}

/* Definitions carry their own length, so that a later minor version can add fields at the end. The length is
 * one byte: no definition is longer than 127 bytes. */
static size_t begin_definition(trace_chunk *c) {
    return c->len++;
}

static void end_definition(trace_chunk *c, size_t at) {
    c->buf[at] = (uint8_t)(c->len - at - 1);
    c->records++;
}

bool trace_put_thread(trace_chunk *c, const trace_thread *t) {
    if (!has_room_for(c, TRACE_RECORD_MAX)) {
        return false;
    }
    size_t at = begin_definition(c);
    put_trace_varint(c, t->index);
    put_trace_varint(c, t->tid);
    put_sized_bytes(c, t->name, t->name_len < 64 ? t->name_len : 64);
    end_definition(c, at);
    return true;
}

bool trace_put_queue(trace_chunk *c, const trace_queue *q) {
    if (!has_room_for(c, TRACE_RECORD_MAX)) {
        return false;
    }
    size_t at = begin_definition(c);
    put_trace_varint(c, q->id);
    put_trace_varint(c, q->device);
    put_trace_varint(c, q->context);
    put_trace_varint(c, q->stream);
    end_definition(c, at);
    return true;
}

bool trace_put_shape(trace_chunk *c, const trace_shape *s) {
    if (!has_room_for(c, TRACE_RECORD_MAX)) {
        return false;
    }
    size_t at = begin_definition(c);
    put_trace_varint(c, s->id);
    put_trace_varint(c, s->name);
    for (int i = 0; i < 3; i++) {
        put_trace_varint(c, s->grid[i]);
    }
    for (int i = 0; i < 3; i++) {
        put_trace_varint(c, s->block[i]);
    }
    for (int i = 0; i < 3; i++) {
        put_trace_varint(c, s->cluster[i]);
    }
    put_trace_varint(c, s->registers_per_thread);
    put_trace_varint(c, s->static_shared_bytes);
    put_trace_varint(c, s->dynamic_shared_bytes);
    put_trace_varint(c, s->shared_executed_bytes);
    put_trace_varint(c, s->local_bytes_per_thread);
    put_trace_varint(c, s->local_bytes_total);
    put_trace_varint(c, s->cache_config);
    put_trace_varint(c, s->launch_type);
    put_trace_varint(c, s->shared_limit_config);
    end_definition(c, at);
    return true;
}

static void put_api_call(trace_chunk *c, const trace_host_event *e) {
    uint8_t op = TRACE_HOST_API;
    op |= e->correlation ? TRACE_API_HAS_CORRELATION : 0;
    if (e->no_result) {
        op |= TRACE_API_NO_RESULT;
    } else if (e->result != 0) {
        op |= TRACE_API_HAS_RESULT;
    }
    c->buf[c->len++] = op;
    put_time_from_cursor(c, e->time);
    put_trace_varint(c, e->duration);
    c->cursor_time += e->duration; /* the next event of the thread begins after the end of this one */
    put_trace_varint(c, e->name);
    if (e->correlation) {
        put_correlation(c, e->correlation);
    }
    if (op & TRACE_API_HAS_RESULT) {
        put_zigzag(c, e->result);
    }
}

static void put_graph_node(trace_chunk *c, const trace_host_event *e) {
    c->buf[c->len++] = e->kind;
    put_time_from_cursor(c, e->time);
    put_trace_varint(c, e->id);
    if (e->kind == TRACE_HOST_NODE) {
        put_trace_varint(c, e->graph);
        put_trace_varint(c, e->payload);
    }
}

static void put_nvtx_name(trace_chunk *c, const trace_host_event *e) {
    c->buf[c->len++] = (uint8_t)(e->kind | (e->domain ? TRACE_HOST_HAS_DOMAIN : 0));
    put_time_from_cursor(c, e->time);
    put_trace_varint(c, e->named);
    put_trace_varint(c, e->id);
    put_trace_varint(c, e->name);
    if (e->domain) {
        put_trace_varint(c, e->domain);
    }
}

bool trace_put_host(trace_chunk *c, const trace_host_event *e) {
    if (!has_room_for(c, TRACE_RECORD_MAX)) {
        return false;
    }
    c->records++;
    if (e->kind == TRACE_HOST_API) {
        put_api_call(c, e);
        return true;
    }
    if (e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        put_graph_node(c, e);
        return true;
    }
    if (e->kind == TRACE_HOST_NAME) {
        put_nvtx_name(c, e);
        return true;
    }
    uint8_t op = e->kind;
    op |= e->domain ? TRACE_HOST_HAS_DOMAIN : 0;
    op |= e->payload_type != TRACE_PAYLOAD_NONE ? TRACE_HOST_HAS_PAYLOAD : 0;
    op |= e->category || e->color ? TRACE_HOST_HAS_STYLE : 0;
    c->buf[c->len++] = op;
    put_time_from_cursor(c, e->time);
    if (e->kind != TRACE_HOST_POP && e->kind != TRACE_HOST_END) {
        put_trace_varint(c, e->name);
    }
    if (e->kind == TRACE_HOST_START || e->kind == TRACE_HOST_END) {
        put_trace_varint(c, e->id);
    }
    if (op & TRACE_HOST_HAS_DOMAIN) {
        put_trace_varint(c, e->domain);
    }
    if (op & TRACE_HOST_HAS_PAYLOAD) {
        c->buf[c->len++] = e->payload_type;
        put_trace_varint(c, e->payload);
    }
    if (op & TRACE_HOST_HAS_STYLE) {
        put_trace_varint(c, e->category);
        put_trace_varint(c, e->color);
    }
    return true;
}

bool trace_put_gpu(trace_chunk *c, const trace_gpu_event *e) {
    if (!has_room_for(c, TRACE_RECORD_MAX)) {
        return false;
    }
    bool new_queue = c->records == 0 || e->queue != c->cursor_queue;
    uint8_t op = e->kind;
    op |= new_queue ? TRACE_GPU_HAS_QUEUE : 0;
    op |= e->timed ? 0 : TRACE_GPU_IS_UNTIMED;
    op |= e->graph || e->graph_node ? TRACE_GPU_HAS_GRAPH : 0;
    c->buf[c->len++] = op;
    if (new_queue) {
        put_trace_varint(c, e->queue);
        c->cursor_queue = e->queue;
    }
    put_correlation(c, e->correlation);
    if (e->timed) {
        put_time_from_cursor(c, e->start);
        put_trace_varint(c, e->end - e->start);
        c->cursor_time = e->end;
    }
    if (op & TRACE_GPU_HAS_GRAPH) {
        put_trace_varint(c, e->graph);
        put_trace_varint(c, e->graph_node);
    }
    if (e->kind == TRACE_GPU_KERNEL) {
        put_trace_varint(c, e->shape);
    } else {
        put_trace_varint(c, e->bytes);
        c->buf[c->len++] = e->dst_mem_kind;
        c->buf[c->len++] = e->copy_is_async;
        if (e->kind == TRACE_GPU_MEMCPY) {
            c->buf[c->len++] = e->copy_kind;
            c->buf[c->len++] = e->src_mem_kind;
        } else {
            put_trace_varint(c, e->value);
        }
    }
    c->records++;
    return true;
}
