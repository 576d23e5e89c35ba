/* Decoding of activity records: see cupti_decode.h. */
#include "cupti/cupti_decode.h"

#include <string.h>

/* CUDA 11.8: kernel records have the cluster size from here on. */
#define VERSION_WITH_CLUSTERS 18

#define SHAPE_SLOTS (1u << 14) /* open addressing; at most half is used */
#define QUEUE_SLOTS 1024u

#define CLOCK_ERROR_NS 10000000u /* between the GPU's clock and the host's */

typedef struct {
    bool used;
    trace_shape shape;
} shape_slot;

static struct {
    cupti_decode_hooks hooks;
    uint64_t now; /* host time of the last reading of both clocks */
    uint32_t version;
    shape_slot *shapes;
    uint32_t shape_count, shape_used; /* ids assigned; slots in use */
    trace_queue queues[QUEUE_SLOTS];
    bool queue_defined[QUEUE_SLOTS];
    uint32_t queue_count, queue_base; /* ids continue when the table is full and cleared */
} decode;

void cupti_decode_reserve(void *(*allocate)(size_t bytes)) {
    if (!decode.shapes) {
        decode.shapes = allocate(SHAPE_SLOTS * sizeof *decode.shapes);
    }
}

void cupti_decode_init(const cupti_decode_hooks *hooks, uint32_t version) {
    decode.hooks = *hooks;
    decode.version = version;
    decode.now = 0;
    cupti_decode_reserve(hooks->allocate);
    if (decode.shape_used > 0) {
        memset(decode.shapes, 0, SHAPE_SLOTS * sizeof *decode.shapes);
    }
    decode.shape_count = decode.shape_used = decode.queue_count = decode.queue_base = 0;
}

static void define_queue(uint32_t at) {
    if (!decode.queue_defined[at]) {
        decode.queue_defined[at] = true;
        decode.hooks.queue(&decode.queues[at]);
    }
}

static uint32_t queue_id(uint32_t device, uint32_t context, uint32_t stream) {
    for (uint32_t i = decode.queue_count; i-- > 0;) {
        const trace_queue *q = &decode.queues[i];
        if (q->stream == stream && q->context == context && q->device == device) {
            define_queue(i);
            return q->id;
        }
    }
    if (decode.queue_count == QUEUE_SLOTS) {
        decode.queue_base += QUEUE_SLOTS;
        decode.queue_count = 0;
    }
    uint32_t at = decode.queue_count++;
    decode.queues[at] =
        (trace_queue){.id = decode.queue_base + at, .device = device, .context = context, .stream = stream};
    decode.queue_defined[at] = false;
    define_queue(at);
    return decode.queue_base + at;
}

void cupti_decode_forget(void) {
    memset(decode.queue_defined, 0, sizeof decode.queue_defined);
    if (decode.shapes) {
        memset(decode.shapes, 0, SHAPE_SLOTS * sizeof *decode.shapes);
    }
    decode.shape_used = 0;
}

static uint64_t mix_hash(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static uint64_t shape_hash(const trace_shape *s) {
    uint64_t h = s->name;
    for (int i = 0; i < 3; i++) {
        h = mix_hash(h, (uint64_t)s->grid[i] << 32 | s->block[i]);
    }
    h = mix_hash(h, (uint64_t)s->registers_per_thread << 32 | s->dynamic_shared_bytes);
    return mix_hash(h, (uint64_t)s->static_shared_bytes << 32 | s->local_bytes_per_thread);
}

static bool same_shape(const trace_shape *a, const trace_shape *b) {
    return a->name == b->name && memcmp(a->grid, b->grid, sizeof a->grid) == 0 &&
           memcmp(a->block, b->block, sizeof a->block) == 0 &&
           memcmp(a->cluster, b->cluster, sizeof a->cluster) == 0 &&
           a->registers_per_thread == b->registers_per_thread &&
           a->static_shared_bytes == b->static_shared_bytes &&
           a->dynamic_shared_bytes == b->dynamic_shared_bytes &&
           a->shared_executed_bytes == b->shared_executed_bytes &&
           a->local_bytes_per_thread == b->local_bytes_per_thread &&
           a->local_bytes_total == b->local_bytes_total && a->cache_config == b->cache_config &&
           a->launch_type == b->launch_type && a->shared_limit_config == b->shared_limit_config;
}

static trace_shape shape_of(const cupti_kernel *k) {
    trace_shape s = {.name = k->name ? decode.hooks.intern(k->name) : 0,
                     .registers_per_thread = k->registers_per_thread,
                     .static_shared_bytes = (uint32_t)k->static_shared,
                     .dynamic_shared_bytes = (uint32_t)k->dynamic_shared,
                     .shared_executed_bytes = k->shared_executed,
                     .local_bytes_per_thread = k->local_per_thread,
                     .local_bytes_total = k->local_total,
                     .cache_config = k->cache_config,
                     .launch_type = k->launch_type,
                     .shared_limit_config = k->shared_limit_config};
    for (int i = 0; i < 3; i++) {
        s.grid[i] = (uint32_t)k->grid[i];
        s.block[i] = (uint32_t)k->block[i];
    }
    if (decode.version >= VERSION_WITH_CLUSTERS) {
        memcpy(s.cluster, ((const cupti_kernel_cluster *)k)->cluster, sizeof s.cluster);
    }
    return s;
}

static int shape_id(const cupti_kernel *k, uint32_t *id) {
    trace_shape s = shape_of(k);
    cupti_decode_reserve(decode.hooks.allocate);
    if (!decode.shapes) {
        return -1;
    }
    uint32_t at = (uint32_t)shape_hash(&s) & (SHAPE_SLOTS - 1);
    while (decode.shapes[at].used) {
        if (same_shape(&decode.shapes[at].shape, &s)) {
            *id = decode.shapes[at].shape.id;
            return 0;
        }
        at = (at + 1) & (SHAPE_SLOTS - 1);
    }
    if (decode.shape_used == SHAPE_SLOTS / 2) {
        /* Clears the table: names that occur again get new ids, which costs a few bytes of trace and loses nothing. */
        memset(decode.shapes, 0, SHAPE_SLOTS * sizeof *decode.shapes);
        decode.shape_used = 0;
        at = (uint32_t)shape_hash(&s) & (SHAPE_SLOTS - 1);
    }
    decode.shape_used++;
    s.id = decode.shape_count++;
    decode.shapes[at] = (shape_slot){.used = true, .shape = s};
    decode.hooks.shape(&s);
    *id = s.id;
    return 0;
}

/* CUPTI reports some records without times, and a few with times of another clock, before the recording or in the future. */
static bool are_possible_times(uint64_t start, uint64_t end) {
    if (end > decode.now) {
        decode.now = decode.hooks.now() + CLOCK_ERROR_NS;
    }
    return start != 0 && end >= start && start + CLOCK_ERROR_NS >= decode.hooks.begin && end <= decode.now;
}

static void set_times(trace_gpu_event *e, uint64_t start, uint64_t end) {
    e->timed = are_possible_times(start, end);
    e->start = e->timed ? start : 0;
    e->end = e->timed ? end : 0;
}

/* Fields that all record kinds have, at their own offsets. */
#define DECODE_WORK(e, of_kind, record)                                                                      \
    do {                                                                                                     \
        (e)->kind = (of_kind);                                                                               \
        (e)->correlation = (record)->correlation;                                                            \
        (e)->graph = (record)->graph;                                                                        \
        (e)->graph_node = (record)->graph_node;                                                              \
        set_times(e, (record)->start, (record)->end);                                                        \
    } while (0)
#define DECODE_QUEUE(e, record) ((e)->queue = queue_id((record)->device, (record)->context, (record)->stream))
/* Both kinds of copy records. */
#define DECODE_COPY(e, record)                                                                               \
    do {                                                                                                     \
        DECODE_WORK(e, TRACE_GPU_MEMCPY, record);                                                            \
        (e)->bytes = (record)->bytes;                                                                        \
        (e)->copy_kind = (record)->copy_kind;                                                                \
        (e)->src_mem_kind = (record)->src_kind;                                                              \
        (e)->dst_mem_kind = (record)->dst_kind;                                                              \
        (e)->copy_is_async = (record)->flags & CUPTI_ABI_COPY_ASYNC;                                         \
    } while (0)

static int decode_kernel(const cupti_kernel *k, trace_gpu_event *e) {
    DECODE_WORK(e, TRACE_GPU_KERNEL, k);
    DECODE_QUEUE(e, k);
    return shape_id(k, &e->shape) ? -1 : 1;
}

static int decode_memcpy(const cupti_memcpy *m, trace_gpu_event *e) {
    DECODE_COPY(e, m);
    DECODE_QUEUE(e, m);
    return 1;
}

static int decode_memcpy_peer(const cupti_memcpy_peer *m, trace_gpu_event *e) {
    DECODE_COPY(e, m);
    DECODE_QUEUE(e, m);
    return 1;
}

static int decode_memset(const cupti_memset *m, trace_gpu_event *e) {
    DECODE_WORK(e, TRACE_GPU_MEMSET, m);
    e->bytes = m->bytes;
    e->value = m->value;
    e->dst_mem_kind = (uint8_t)m->memory_kind;
    e->copy_is_async = m->flags & CUPTI_ABI_COPY_ASYNC;
    DECODE_QUEUE(e, m);
    return 1;
}

int cupti_decode(const void *record, trace_gpu_event *event) {
    memset(event, 0, sizeof *event);
    switch (*(const uint32_t *)record) {
    case CUPTI_ABI_KIND_KERNEL:
    case CUPTI_ABI_KIND_CONCURRENT_KERNEL:
        return decode_kernel(record, event);
    case CUPTI_ABI_KIND_MEMCPY:
        return decode_memcpy(record, event);
    case CUPTI_ABI_KIND_MEMCPY2:
        return decode_memcpy_peer(record, event);
    case CUPTI_ABI_KIND_MEMSET:
        return decode_memset(record, event);
    default:
        return 0;
    }
}
