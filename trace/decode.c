/* Decodes the records of one chunk. Every length is checked before it is used. */
#include "trace/decode.h"

#include "trace/flags.h"

typedef struct {
    const uint8_t *p, *end;
    bool bad; /* read beyond the end, or an invalid number */
    uint64_t cursor_time;
    uint32_t cursor_correlation, cursor_queue;
} cursor;

static uint64_t get_varint(cursor *c) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (c->p == c->end) {
            break;
        }
        uint8_t byte = *c->p++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return value;
        }
    }
    c->bad = true;
    return 0;
}

static uint32_t get_varint32(cursor *c) {
    uint64_t value = get_varint(c);
    if (value > UINT32_MAX) {
        c->bad = true;
    }
    return (uint32_t)value;
}

static int64_t get_zigzag(cursor *c) {
    uint64_t value = get_varint(c);
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

static uint8_t get_byte(cursor *c) {
    if (c->p == c->end) {
        c->bad = true;
        return 0;
    }
    return *c->p++;
}

static const char *get_bytes(cursor *c, size_t *len) {
    uint64_t n = get_varint(c);
    if (c->bad || n > (uint64_t)(c->end - c->p)) {
        c->bad = true;
        *len = 0;
        return "";
    }
    const char *bytes = (const char *)c->p;
    c->p += n;
    *len = (size_t)n;
    return bytes;
}

static uint64_t get_time(cursor *c) {
    c->cursor_time += (uint64_t)get_zigzag(c);
    return c->cursor_time;
}

static uint32_t get_correlation(cursor *c) {
    c->cursor_correlation = (uint32_t)(c->cursor_correlation + (uint64_t)get_zigzag(c));
    return c->cursor_correlation;
}

/* The end of a definition: fields that a later minor version appended are skipped. */
static cursor get_definition(cursor *c) {
    cursor d = *c;
    size_t len;
    const char *bytes = get_bytes(c, &len);
    d.bad = c->bad;
    d.p = (const uint8_t *)bytes;
    d.end = d.p + len;
    return d;
}

static int read_meta_record(cursor *c, const trace_visitor *v) {
    size_t key_len, value_len;
    const char *key = get_bytes(c, &key_len);
    const char *value = get_bytes(c, &value_len);
    return c->bad || !v->meta ? 0 : v->meta(v->ctx, key, key_len, value, value_len);
}

static int read_string_record(cursor *c, const trace_visitor *v) {
    uint32_t id = get_varint32(c);
    size_t len;
    const char *bytes = get_bytes(c, &len);
    return c->bad || !v->string ? 0 : v->string(v->ctx, id, bytes, len);
}

static int read_thread_record(cursor *c, const trace_visitor *v) {
    cursor d = get_definition(c);
    trace_thread t;
    t.index = get_varint32(&d);
    t.tid = get_varint32(&d);
    t.name = get_bytes(&d, &t.name_len);
    c->bad |= d.bad;
    return c->bad || !v->thread ? 0 : v->thread(v->ctx, &t);
}

static int read_queue_record(cursor *c, const trace_visitor *v) {
    cursor d = get_definition(c);
    trace_queue q;
    q.id = get_varint32(&d);
    q.device = get_varint32(&d);
    q.context = get_varint32(&d);
    q.stream = get_varint32(&d);
    c->bad |= d.bad;
    return c->bad || !v->queue ? 0 : v->queue(v->ctx, &q);
}

static int read_shape_record(cursor *c, const trace_visitor *v) {
    cursor d = get_definition(c);
    trace_shape s;
    s.id = get_varint32(&d);
    s.name = get_varint32(&d);
    for (int i = 0; i < 3; i++) {
        s.grid[i] = get_varint32(&d);
    }
    for (int i = 0; i < 3; i++) {
        s.block[i] = get_varint32(&d);
    }
    for (int i = 0; i < 3; i++) {
        s.cluster[i] = get_varint32(&d);
    }
    s.registers_per_thread = get_varint32(&d);
    s.static_shared_bytes = get_varint32(&d);
    s.dynamic_shared_bytes = get_varint32(&d);
    s.shared_executed_bytes = get_varint32(&d);
    s.local_bytes_per_thread = get_varint32(&d);
    s.local_bytes_total = get_varint(&d);
    s.cache_config = get_varint32(&d);
    s.launch_type = get_varint32(&d);
    s.shared_limit_config = get_varint32(&d);
    c->bad |= d.bad;
    return c->bad || !v->shape ? 0 : v->shape(v->ctx, &s);
}

static void read_api_call(cursor *c, uint8_t flags, trace_host_event *e) {
    e->time = get_time(c);
    e->duration = get_varint(c);
    c->cursor_time += e->duration;
    e->name = get_varint32(c);
    if (flags & TRACE_API_HAS_CORRELATION) {
        e->correlation = get_correlation(c);
    }
    if (flags & TRACE_API_HAS_RESULT) {
        e->result = (int32_t)get_zigzag(c);
    }
    e->no_result = (flags & TRACE_API_NO_RESULT) != 0;
    bool both = (flags & TRACE_API_HAS_RESULT) && (flags & TRACE_API_NO_RESULT);
    c->bad |= (flags & TRACE_FLAG_RESERVED) != 0 || both;
}

static void read_nvtx_event(cursor *c, uint8_t flags, trace_host_event *e) {
    e->time = get_time(c);
    if (e->kind != TRACE_HOST_POP && e->kind != TRACE_HOST_END) {
        e->name = get_varint32(c);
    }
    if (e->kind == TRACE_HOST_START || e->kind == TRACE_HOST_END) {
        e->id = get_varint(c);
    }
    if (flags & TRACE_HOST_HAS_DOMAIN) {
        e->domain = get_varint32(c);
    }
    if (flags & TRACE_HOST_HAS_PAYLOAD) {
        e->payload_type = get_byte(c);
        e->payload = get_varint(c);
        c->bad |= e->payload_type > TRACE_PAYLOAD_F32;
    }
    if (flags & TRACE_HOST_HAS_STYLE) {
        e->category = get_varint32(c);
        e->color = get_varint32(c);
    }
    c->bad |= (flags & TRACE_FLAG_RESERVED) != 0;
}

static int read_host_record(cursor *c, uint32_t thread, const trace_visitor *v) {
    uint8_t op = get_byte(c);
    uint8_t flags = op & TRACE_FLAGS_MASK;
    trace_host_event e = {.kind = op & TRACE_KIND_MASK, .thread = thread};
    if (e.kind == TRACE_HOST_API) {
        read_api_call(c, flags, &e);
    } else if (e.kind == TRACE_HOST_GRAPH || e.kind == TRACE_HOST_NODE) {
        e.time = get_time(c);
        e.id = get_varint(c);
        if (e.kind == TRACE_HOST_NODE) {
            e.graph = get_varint32(c);
            e.payload = get_varint(c);
        }
        c->bad |= flags != 0;
    } else if (e.kind == TRACE_HOST_NAME) {
        e.time = get_time(c);
        e.named = get_varint32(c);
        e.id = get_varint(c);
        e.name = get_varint32(c);
        e.domain = flags & TRACE_HOST_HAS_DOMAIN ? get_varint32(c) : 0;
        c->bad |= (flags & ~TRACE_HOST_HAS_DOMAIN) != 0;
    } else if (e.kind >= TRACE_HOST_PUSH && e.kind <= TRACE_HOST_MARK) {
        read_nvtx_event(c, flags, &e);
    } else {
        c->bad = true;
    }
    return c->bad || !v->host ? 0 : v->host(v->ctx, &e);
}

static void read_transfer(cursor *c, trace_gpu_event *e) {
    e->bytes = get_varint(c);
    e->dst_mem_kind = get_byte(c);
    e->copy_is_async = get_byte(c);
    if (e->kind == TRACE_GPU_MEMCPY) {
        e->copy_kind = get_byte(c);
        e->src_mem_kind = get_byte(c);
    } else {
        e->value = get_varint32(c);
    }
}

static int read_gpu_record(cursor *c, const trace_visitor *v) {
    uint8_t op = get_byte(c);
    uint8_t flags = op & TRACE_FLAGS_MASK;
    trace_gpu_event e = {.kind = op & TRACE_KIND_MASK, .timed = !(flags & TRACE_GPU_IS_UNTIMED)};
    if (flags & TRACE_GPU_HAS_QUEUE) {
        c->cursor_queue = get_varint32(c);
    }
    e.queue = c->cursor_queue;
    e.correlation = get_correlation(c);
    if (e.timed) {
        e.start = get_time(c);
        uint64_t duration = get_varint(c);
        c->bad |= duration > UINT64_MAX - e.start;
        e.end = c->cursor_time = e.start + duration;
    }
    if (flags & TRACE_GPU_HAS_GRAPH) {
        e.graph = get_varint32(c);
        e.graph_node = get_varint(c);
    }
    if (e.kind == TRACE_GPU_KERNEL) {
        e.shape = get_varint32(c);
    } else if (e.kind == TRACE_GPU_MEMCPY || e.kind == TRACE_GPU_MEMSET) {
        read_transfer(c, &e);
    } else {
        c->bad = true;
    }
    c->bad |= (flags & TRACE_FLAG_RESERVED) != 0;
    return c->bad || !v->gpu ? 0 : v->gpu(v->ctx, &e);
}

static int read_counter_record(cursor *c, const trace_visitor *v) {
    size_t len;
    const char *name = get_bytes(c, &len);
    uint64_t value = get_varint(c);
    return c->bad || !v->counter ? 0 : v->counter(v->ctx, name, len, value);
}

static int read_end_record(cursor *c, const trace_visitor *v) {
    uint64_t time = get_varint(c);
    size_t len;
    const char *reason = get_bytes(c, &len);
    return c->bad || !v->end ? 0 : v->end(v->ctx, time, reason, len);
}

/* Decodes one record of a chunk of this type. */
static int read_record(cursor *c, trace_chunk_type type, uint32_t stream, const trace_visitor *v) {
    switch (type) {
    case TRACE_CHUNK_META:
        return read_meta_record(c, v);
    case TRACE_CHUNK_STRINGS:
        return read_string_record(c, v);
    case TRACE_CHUNK_THREADS:
        return read_thread_record(c, v);
    case TRACE_CHUNK_QUEUES:
        return read_queue_record(c, v);
    case TRACE_CHUNK_SHAPES:
        return read_shape_record(c, v);
    case TRACE_CHUNK_HOST:
        return read_host_record(c, stream, v);
    case TRACE_CHUNK_GPU:
        return read_gpu_record(c, v);
    case TRACE_CHUNK_COUNTERS:
        return read_counter_record(c, v);
    case TRACE_CHUNK_END:
        return read_end_record(c, v);
    }
    c->bad = true;
    return 0;
}

int trace_decode(const uint8_t *chunk, const trace_visitor *v, trace_status *status) {
    uint16_t type = trace_u16(chunk + 4);
    uint32_t payload = trace_u32(chunk + 8);
    uint32_t records = trace_u32(chunk + 12);
    status->chunks++;
    if (type < TRACE_CHUNK_META || type > TRACE_CHUNK_END) {
        status->chunks_unknown++;
        return 0;
    }
    cursor c = {.p = chunk + TRACE_CHUNK_BYTES,
                .end = chunk + TRACE_CHUNK_BYTES + payload,
                .cursor_time = trace_u64(chunk + 16)};
    int rc = 0;
    while (rc == 0 && !c.bad && records > 0) {
        rc = read_record(&c, type, trace_u32(chunk + 24), v);
        records--;
    }
    if (c.bad || (rc == 0 && c.p != c.end)) {
        status->chunks_damaged++;
        status->bytes_skipped += (uint64_t)(c.end - c.p);
    } else if (rc == 0 && type == TRACE_CHUNK_END) {
        status->ended = true;
    }
    return rc;
}
