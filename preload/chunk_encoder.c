/* See chunk_encoder.h. Definitions (names, threads, queues, shapes) precede the chunk that uses them: each chunk is
 * encoded in a separate buffer first, which collects its definitions; then definitions and chunk are appended. */
#include "preload/chunk_encoder.h"

#include "cupti/cupti_decode.h"
#include "cupti/cupti_session.h"
#include "preload/chunk_queue.h"
#include "preload/clock.h"
#include "preload/metadata.h"
#include "preload/nvtx_payload.h"
#include "preload/page_alloc.h"
#include "preload/run_metadata.h"
#include "preload/string_ring.h"
#include "preload/thread.h"
#include "preload/trace_file.h"
#include "preload/warn_once.h"
#include "trace/trace.h"

#include <stdatomic.h>
#include <string.h>

#define SCRATCH_BYTES (128u << 10)
#define PENDING_MAX   256

static struct {
    uint8_t *scratch;
    bool finishing; /* no later chunk will be written */
    /* generation of the definitions of names, from 1; all names are written again after it changes */
    uint32_t generation;
    trace_chunk names;               /* definitions for the next chunk */
    bool names_kept;                 /* none of them was discarded */
    trace_queue queues[PENDING_MAX]; /* found while encoding, not yet written */
    trace_shape shapes[PENDING_MAX];
    size_t queue_count, shape_count;
    bool decoder_ready, devices_described;
    uint64_t end_at; /* position of the end mark, which may be removed again */

    uint64_t untimed, undecoded, cpu_ns;
} chunks = {.generation = 1};

/* ---- appending ---- */

/* Chunks were discarded, possibly with names and other definitions: all definitions are written again. */
static void redefine_after_loss(void) {
    chunks.generation++;
    for (preload_thread *t = preload_thread_first(); t; t = t->next) {
        t->announced = false;
    }
    cupti_decode_forget();
    preload_metadata_again();
}

/* Definitions are rare. Those of names are collected here until the chunk that uses them is appended. */
static void begin_names(void) {
    static uint8_t buf[TRACE_STRING_MAX + 4096];
    trace_chunk_begin(&chunks.names, buf, sizeof buf, TRACE_CHUNK_STRINGS, 0, 0);
}

static bool append_names(void) {
    bool kept = chunks.names_kept && (!chunks.names.buf || preload_chunk_queue_append(&chunks.names));
    chunks.names_kept = true;
    begin_names();
    return kept;
}

/* Defines a name before its first use; unused names are not written. */
static void use_name(uint32_t id) {
    const char *bytes;
    size_t len;
    if (!chunks.names.buf) {
        begin_names();
        chunks.names_kept = true;
    }
    if (!preload_string_define(id, chunks.generation, &bytes, &len)) {
        return;
    }
    if (!trace_put_string(&chunks.names, id, bytes, len)) {
        chunks.names_kept = preload_chunk_queue_append(&chunks.names) && chunks.names_kept;
        begin_names();
        trace_put_string(&chunks.names, id, bytes, len);
    }
}

static bool append_queues_and_shapes(void) {
    static uint8_t buf[PENDING_MAX * TRACE_RECORD_MAX + TRACE_CHUNK_BYTES];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_QUEUES, 0, 0);
    for (size_t i = 0; i < chunks.queue_count; i++) {
        trace_put_queue(&c, &chunks.queues[i]);
    }
    bool kept = preload_chunk_queue_append(&c);
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_SHAPES, 0, 0);
    for (size_t i = 0; i < chunks.shape_count; i++) {
        trace_put_shape(&c, &chunks.shapes[i]);
    }
    kept = preload_chunk_queue_append(&c) && kept;
    chunks.queue_count = chunks.shape_count = 0;
    return kept;
}

static void append_with_definitions(trace_chunk *c) {
    bool names = append_names();
    if (append_queues_and_shapes() && names) {
        preload_chunk_queue_append(c);
    } else {
        preload_chunk_queue_lose(c->len); /* its definitions are missing */
    }
}

static void append_metadata(void) {
    static uint8_t buf[48u << 10];
    trace_chunk c;
    preload_metadata_take(&c, buf, sizeof buf);
    preload_chunk_queue_append(&c);
}

/* ---- host events ---- */

static void append_thread_record(preload_thread *t) {
    uint8_t buf[TRACE_CHUNK_BYTES + TRACE_RECORD_MAX];
    char name[64] = "";
    preload_describe_thread(t->tid, name, sizeof name);
    if (!name[0] && atomic_load(&t->ended)) {
        memcpy(name, t->last_name, sizeof t->last_name);
    }
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_THREADS, 0, 0);
    trace_put_thread(
        &c, &(trace_thread){.index = t->index, .tid = t->tid, .name = name, .name_len = strlen(name)});
    t->announced = preload_chunk_queue_append(&c);
}

/* While the disk is full, events stay with their threads and records with CUPTI. When that memory is used up, they are
 * lost there: in whole ranges, and counted individually. */
static bool can_accept_more(void) {
    return chunks.finishing || preload_chunk_queue_ready();
}

static bool drain_host_thread(preload_thread *t) {
    bool any = false;
    uint32_t count;
    const trace_host_event *e;
    while (can_accept_more() && (e = preload_thread_peek(t, &count))) {
        if (!t->announced) {
            append_thread_record(t);
        }
        trace_chunk c;
        trace_chunk_begin(&c, chunks.scratch, SCRATCH_BYTES, TRACE_CHUNK_HOST, t->index, e->time);
        uint32_t done = 0;
        while (done < count && trace_put_host(&c, &e[done])) {
            use_name(e[done].name);
            use_name(e[done].domain);
            done++;
        }
        append_with_definitions(&c);
        preload_thread_consume(t, done);
        any = true;
    }
    return any;
}

/* ---- GPU records ---- */

static uint32_t intern_kernel_name(const char *name) {
    return preload_string_id(NULL, name);
}

static void add_pending_queue(const trace_queue *q) {
    chunks.queues[chunks.queue_count++] = *q;
}

static void add_pending_shape(const trace_shape *s) {
    use_name(s->name);
    chunks.shapes[chunks.shape_count++] = *s;
}

static void begin_gpu_chunk(trace_chunk *c, uint64_t time) {
    trace_chunk_begin(c, chunks.scratch, SCRATCH_BYTES, TRACE_CHUNK_GPU, 0, time);
}

static void encode_cupti_buffer(const cupti_buffer *buffer) {
    trace_chunk c;
    trace_gpu_event e;
    begin_gpu_chunk(&c, 0);
    for (void *record = NULL; cupti_session_next(buffer, &record);) {
        int rc = cupti_decode(record, &e);
        chunks.undecoded += rc < 0;
        if (rc <= 0) {
            /* A queue may have been defined before the failure. */
            if (chunks.queue_count == PENDING_MAX || chunks.shape_count == PENDING_MAX) {
                append_with_definitions(&c);
                begin_gpu_chunk(&c, 0);
            }
            continue;
        }
        chunks.untimed += !e.timed;
        if (c.records == 0) {
            begin_gpu_chunk(&c, e.start);
        }
        trace_put_gpu(&c, &e);
        bool full = c.cap - c.len < TRACE_RECORD_MAX || chunks.queue_count == PENDING_MAX ||
                    chunks.shape_count == PENDING_MAX;
        if (full) {
            append_with_definitions(&c);
            begin_gpu_chunk(&c, 0);
        }
    }
    append_with_definitions(&c);
}

static bool drain_cupti_buffers(void) {
    cupti_buffer buffer;
    bool any = false;
    while (can_accept_more() && cupti_session_take(&buffer)) {
        if (!chunks.decoder_ready) {
            cupti_decode_hooks hooks = {.intern = intern_kernel_name,
                                        .allocate = preload_page_alloc_map,
                                        .queue = add_pending_queue,
                                        .shape = add_pending_shape,
                                        .now = preload_now,
                                        .begin = cupti_session_begin()};
            cupti_decode_init(&hooks, cupti_session_library()->version);
            chunks.decoder_ready = true;
        }
        if (!chunks.devices_described) {
            preload_describe_devices();
            chunks.devices_described = true;
        }
        encode_cupti_buffer(&buffer);
        cupti_session_return(&buffer);
        any = true;
    }
    return any;
}

/* ---- counters ---- */

static void append_counters(void) {
    uint8_t buf[2048];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_COUNTERS, 0, 0);
    cupti_counts gpu = cupti_session_counts();
    trace_put_counter(&c, "cost.host_events", preload_threads_events());
    trace_put_counter(&c, "host.dropped", preload_threads_lost());
    trace_put_counter(&c, "gpu.buffers", gpu.buffers);
    trace_put_counter(&c, "gpu.dropped", gpu.dropped_records);
    trace_put_counter(&c, "gpu.buffers_dropped", gpu.refused_buffers);
    trace_put_counter(&c, "gpu.undecoded", chunks.undecoded);
    if (chunks.finishing && cupti_session_undelivered()) {
        trace_put_counter(&c, "gpu.undelivered", 1);
    }
    trace_put_counter(&c, "gpu.untimed", chunks.untimed);
    if (preload_nvtx_payload_skipped() > 0) {
        trace_put_counter(&c, "nvtx.payloads_skipped", preload_nvtx_payload_skipped());
    }
    trace_put_counter(&c, "string.cut", preload_string_table_cut());
    trace_put_counter(&c, "string.lost", preload_string_table_lost());
    trace_put_counter(&c, "file.lost_bytes", preload_chunk_queue_lost_bytes());
    trace_put_counter(&c, "cost.writer_cpu_ns", chunks.cpu_ns);
    trace_put_counter(&c, "cost.memory_peak_bytes", preload_page_alloc_used());
    trace_put_counter(&c, "cost.file_bytes", preload_file_bytes() + preload_chunk_queue_waiting());
    uint64_t host_ns = preload_describe_cost(preload_threads_events());
    if (host_ns > 0) {
        trace_put_counter(&c, "cost.host_ns", host_ns);
    }
    preload_chunk_queue_append(&c);
}

/* ---- one drain ---- */

/* Counts what is lost because the disk failed as such. */
static void warn_memory(void) {
    cupti_counts gpu = cupti_session_counts();
    bool lost = preload_threads_short_of_memory() || (chunks.finishing && preload_threads_lost() > 0) ||
                gpu.refused_buffers + gpu.dropped_records > 0;
    if (lost && preload_page_alloc_exhausted() && !preload_chunk_queue_failed()) {
        preload_warn_once(
            "memory",
            "the memory limit of %zu MiB is used up, and events are lost; raise MOETRACE_MEMORY (--memory)",
            preload_page_alloc_budget() >> 20);
    }
}

void preload_chunk_encoder_drain(void) {
    uint64_t begin = preload_clock_of(CLOCK_THREAD_CPUTIME_ID);
    append_metadata();
    bool any = false;
    for (preload_thread *t = preload_thread_first(); t; t = t->next) {
        any |= drain_host_thread(t);
    }
    preload_threads_reap();
    if (preload_string_ring_used()) {
        preload_warn_once("names",
                          "too many different range names to keep in memory; the trace repeats later ones");
    }
    any |= drain_cupti_buffers();
    warn_memory();
    chunks.cpu_ns += preload_clock_of(CLOCK_THREAD_CPUTIME_ID) - begin;
    if (any) {
        append_counters();
        append_metadata(); /* what the drain itself found: devices, notes */
    }
    if (any || preload_file_exists()) {
        preload_chunk_queue_flush();
    }
}

/* ---- the end ---- */

static const char *end_reason;

static size_t end_bytes; /* of the chunk with the end record */

static void append_end_record(const char *reason) {
    uint8_t buf[256];
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_END, 0, 0);
    trace_put_end(&c, preload_now(), reason);
    preload_chunk_queue_append(&c);
    end_bytes = trace_chunk_end(&c);
}

static void append_closing_chunks(void) {
    append_counters();
    append_end_record(end_reason);
}

void preload_chunk_encoder_finish(const char *reason, bool may_ask_cuda) {
    end_reason = reason;
    chunks.finishing = true;
    chunks.devices_described |= !may_ask_cuda;
    preload_chunk_encoder_drain();
    preload_chunk_queue_finish(append_closing_chunks);
}

void preload_chunk_encoder_amend(void) {
    if (chunks.finishing && preload_file_exists() && preload_chunk_queue_waiting() == 0) {
        preload_file_cut_to(preload_file_bytes() - end_bytes);
        preload_chunk_queue_finish(append_closing_chunks);
    }
}

bool preload_chunk_encoder_close(const char *reason) {
    uint8_t buf[256];
    size_t taken = 0;
    preload_chunk_encoder_drain();
    append_counters();
    preload_chunk_queue_flush();
    if (!preload_file_exists() || preload_chunk_queue_waiting() > 0) {
        return false;
    }
    chunks.end_at = preload_file_bytes();
    trace_chunk c;
    trace_chunk_begin(&c, buf, sizeof buf, TRACE_CHUNK_END, 0, 0);
    trace_put_end(&c, preload_now(), reason);
    size_t len = trace_chunk_end(&c);
    preload_file_append(buf, len, &taken);
    return taken == len;
}

void preload_chunk_encoder_reopen(void) {
    preload_file_cut_to(chunks.end_at);
}

bool preload_chunk_encoder_init(const char *directory) {
    if (!chunks.scratch) {
        chunks.scratch = preload_page_alloc_map_reserved(SCRATCH_BYTES);
    }
    return preload_chunk_queue_init(directory, redefine_after_loss) && chunks.scratch;
}

void preload_chunk_encoder_after_fork(void) {
    chunks.finishing = false;
    chunks.generation++;
    begin_names();
    chunks.names_kept = true;
    chunks.queue_count = chunks.shape_count = 0;
    chunks.decoder_ready = chunks.devices_described = false;
    chunks.untimed = chunks.undecoded = chunks.cpu_ns = 0;
    preload_chunk_queue_after_fork();
    preload_file_forget();
}
