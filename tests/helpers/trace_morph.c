/* Says the same in another way: `trace_morph FROM TO WHAT [NUMBER]` writes the trace FROM to TO, all that is
 * in it read by the trace's reader and written by the recorder's encoder. WHAT is shift N    all times N ns
 * later chunks N   chunks of random lengths from the seed N, in the order of FROM order N    the same, and
 * those of different threads and of the GPU interleaved at random ids N      indices of threads, and ids of
 * strings, shapes, queues and calls, are others before N   what was begun on the host before the time N (ns,
 * on the trace's clock), with its GPU work after N    the rest thread N   what is of thread N, with its GPU
 * work; of GPU work without a launch thread 0 has it */
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20, THREADS = 64, LONGEST = 200 };

static struct {
    trace_host_event *host;
    trace_gpu_event *gpu;
    trace_shape *shapes;
    size_t host_count, gpu_count, shape_count;
    uint32_t *thread_of; /* by correlation: thread, plus 1 */
    uint64_t *time_of;
    bool *in_gpu; /* chunk by chunk in the order of FROM: whether it is the GPU's */
    uint32_t *length;
    size_t run_count;
    const char *what;
    uint64_t number;
    uint32_t threads, strings, queues;
    FILE *to;
    uint8_t buf[1 << 20];
} all;

static _Noreturn void die(const char *why) {
    fprintf(stderr, "trace_morph: %s\n", why);
    exit(1);
}

static bool is(const char *what) {
    return strcmp(all.what, what) == 0;
}

static uint64_t shifted(uint64_t time) {
    return is("shift") ? time + all.number : time;
}

/* Other numbers for the same things; 0 stays what it is where it means none. */
static uint32_t string_id(uint32_t id) {
    return is("ids") && id > 0 ? 900 + 3 * id : id;
}

static uint32_t index_of(uint32_t id) {
    return is("ids") ? 5 + 2 * (THREADS - id % THREADS) : id;
}

static uint32_t shape_id(uint32_t id) {
    return is("ids") ? 70000 - 2 * id : id;
}

static uint32_t correlation_id(uint32_t id) {
    return is("ids") && id > 0 ? id + 123456789 : id;
}

static void flush(trace_chunk *c) {
    size_t len = trace_chunk_end(c);
    if (fwrite(c->buf, 1, len, all.to) != len) {
        die("cannot write");
    }
}

static trace_chunk begin(trace_chunk_type type, uint32_t stream, uint64_t base) {
    trace_chunk c;
    trace_chunk_begin(&c, all.buf, sizeof all.buf, type, stream, base);
    return c;
}

/* ---- Reading; definitions are written as they come ---- */

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    char name[256];
    (void)ctx;
    snprintf(name, sizeof name, "%.*s", (int)key_len, key);
    trace_chunk c = begin(TRACE_CHUNK_META, 0, 0);
    if (!trace_put_meta(&c, name, value, value_len)) {
        die("a long meta pair");
    }
    flush(&c);
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    (void)ctx;
    trace_chunk c = begin(TRACE_CHUNK_STRINGS, 0, 0);
    if (!trace_put_string(&c, string_id(id), bytes, len)) {
        die("a long string");
    }
    flush(&c);
    return 0;
}

static int on_thread(void *ctx, const trace_thread *t) {
    (void)ctx;
    trace_thread other = *t;
    other.index = index_of(t->index);
    trace_chunk c = begin(TRACE_CHUNK_THREADS, 0, 0);
    trace_put_thread(&c, &other);
    flush(&c);
    return 0;
}

static int on_queue(void *ctx, const trace_queue *q) {
    (void)ctx;
    trace_queue other = *q;
    other.id = index_of(q->id);
    trace_chunk c = begin(TRACE_CHUNK_QUEUES, 0, 0);
    trace_put_queue(&c, &other);
    flush(&c);
    return 0;
}

static int on_shape(void *ctx, const trace_shape *s) {
    (void)ctx;
    trace_shape other = *s;
    other.id = shape_id(s->id);
    other.name = string_id(s->name);
    trace_chunk c = begin(TRACE_CHUNK_SHAPES, 0, 0);
    trace_put_shape(&c, &other);
    flush(&c);
    return 0;
}

static void count_run(bool gpu, bool same) {
    if (!same || all.run_count == 0 || all.in_gpu[all.run_count - 1] != gpu) {
        all.in_gpu[all.run_count] = gpu;
        all.length[all.run_count++] = 0;
    }
    all.length[all.run_count - 1]++;
}

static int on_host(void *ctx, const trace_host_event *e) {
    (void)ctx;
    if (all.host_count == MOST || e->thread >= THREADS) {
        die("too many events");
    }
    if (e->kind == TRACE_HOST_API && e->correlation > 0 && e->correlation < MOST) {
        all.thread_of[e->correlation] = e->thread + 1;
        all.time_of[e->correlation] = e->time;
    }
    count_run(false, all.host_count > 0 && all.host[all.host_count - 1].thread == e->thread);
    all.threads = e->thread >= all.threads ? e->thread + 1 : all.threads;
    all.host[all.host_count++] = *e;
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    (void)ctx;
    if (all.gpu_count == MOST || e->correlation >= MOST) {
        die("too many GPU records");
    }
    count_run(true, true);
    all.gpu[all.gpu_count++] = *e;
    return 0;
}

static int on_counter(void *ctx, const char *name, size_t len, uint64_t value) {
    char text[256];
    (void)ctx;
    snprintf(text, sizeof text, "%.*s", (int)len, name);
    trace_chunk c = begin(TRACE_CHUNK_COUNTERS, 0, 0);
    trace_put_counter(&c, text, value);
    flush(&c);
    return 0;
}

static uint64_t ended_at;
static char reason[256];

static int on_end(void *ctx, uint64_t time, const char *why, size_t len) {
    (void)ctx;
    ended_at = time;
    snprintf(reason, sizeof reason, "%.*s", (int)len, why);
    return 0;
}

/* ---- Writing ---- */

static bool keeps(uint64_t time, uint32_t thread) {
    if (is("before")) {
        return time < all.number;
    }
    if (is("after")) {
        return time >= all.number;
    }
    return !is("thread") || thread == all.number;
}

static void put_host(trace_chunk *c, trace_host_event e) {
    if (!keeps(e.time - (e.kind == TRACE_HOST_POP), e.thread)) { /* what ends at N was begun before */
        return;
    }
    e.time = shifted(e.time);
    e.name = string_id(e.name);
    e.domain = string_id(e.domain);
    e.correlation = correlation_id(e.correlation);
    if (!trace_put_host(c, &e)) {
        die("a full chunk");
    }
}

static void put_gpu(trace_chunk *c, trace_gpu_event e) {
    uint32_t thread = all.thread_of[e.correlation];
    if (!keeps(thread ? all.time_of[e.correlation] : e.start, thread ? thread - 1 : 0)) {
        return;
    }
    e.start = e.timed ? shifted(e.start) : 0;
    e.end = e.timed ? shifted(e.end) : 0;
    e.queue = index_of(e.queue);
    e.shape = e.kind == TRACE_GPU_KERNEL ? shape_id(e.shape) : 0;
    e.correlation = correlation_id(e.correlation);
    if (!trace_put_gpu(c, &e)) {
        die("a full chunk");
    }
}

/* Writes n events of a thread from `at` on: those of other threads in between are left out. Returns where it
 * ended. */
static size_t put_hosts(uint32_t thread, size_t at, size_t n) {
    while (at < all.host_count && all.host[at].thread != thread) {
        at++;
    }
    if (at == all.host_count) {
        return at;
    }
    trace_chunk c = begin(TRACE_CHUNK_HOST, index_of(thread), shifted(all.host[at].time));
    for (; at < all.host_count && n > 0; at++) {
        if (all.host[at].thread == thread) {
            put_host(&c, all.host[at]);
            n--;
        }
    }
    flush(&c);
    return at;
}

static size_t put_gpus(size_t at, size_t n) {
    trace_chunk c = begin(TRACE_CHUNK_GPU, 0, shifted(all.gpu[at].start));
    for (; at < all.gpu_count && n > 0; at++, n--) {
        put_gpu(&c, all.gpu[at]);
    }
    flush(&c);
    return at;
}

static size_t some(size_t most) {
    return is("chunks") || is("order") ? 1 + (size_t)rand() % LONGEST : most;
}

/* Chunks as they stood, or cut into pieces. */
static void put_in_order(void) {
    size_t host = 0, gpu = 0;
    for (size_t run = 0; run < all.run_count; run++) {
        for (size_t left = all.length[run]; left > 0;) {
            size_t n = some(1000);
            n = n < left ? n : left;
            left -= n;
            if (all.in_gpu[run]) {
                gpu = put_gpus(gpu, n);
            } else {
                host = put_hosts(all.host[host].thread, host, n);
            }
        }
    }
}

/* A thread, or the GPU, is chosen at random for each chunk. */
static void put_at_random(void) {
    size_t at[THREADS + 1] = {0}, open = all.threads + 1;
    while (open > 0) {
        uint32_t stream = (uint32_t)rand() % (all.threads + 1);
        size_t end = stream == all.threads ? all.gpu_count : all.host_count;
        if (at[stream] == end) {
            open = 0;
            for (uint32_t i = 0; i <= all.threads; i++) {
                open += at[i] < (i == all.threads ? all.gpu_count : all.host_count);
            }
        } else if (stream == all.threads) {
            at[stream] = put_gpus(at[stream], some(0));
        } else {
            at[stream] = put_hosts(stream, at[stream], some(0));
        }
    }
}

int main(int argc, char **argv) {
    trace_visitor v = {.meta = on_meta,
                       .string = on_string,
                       .thread = on_thread,
                       .queue = on_queue,
                       .shape = on_shape,
                       .host = on_host,
                       .gpu = on_gpu,
                       .counter = on_counter,
                       .end = on_end};
    trace_status status;
    char error[TRACE_ERROR_BYTES];
    uint8_t header[TRACE_HEADER_BYTES] = {0};
    if (argc < 4) {
        die("usage: trace_morph FROM TO WHAT [NUMBER]");
    }
    all.what = argv[3];
    all.number = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    all.host = calloc(MOST, sizeof *all.host);
    all.gpu = calloc(MOST, sizeof *all.gpu);
    all.thread_of = calloc(MOST, sizeof *all.thread_of);
    all.time_of = calloc(MOST, sizeof *all.time_of);
    all.in_gpu = calloc(2 * MOST, sizeof *all.in_gpu);
    all.length = calloc(2 * MOST, sizeof *all.length);
    all.to = fopen(argv[2], "w");
    if (!all.to || !all.host || !all.gpu || !all.thread_of || !all.time_of || !all.in_gpu || !all.length) {
        die("cannot begin");
    }
    srand((unsigned)all.number);
    fwrite(header, 1, sizeof header, all.to); /* until it is known */
    if (trace_read(argv[1], &v, &status, error) != 0) {
        die(error);
    }
    if (is("order")) {
        put_at_random();
    } else {
        put_in_order();
    }
    if (status.ended) {
        trace_chunk c = begin(TRACE_CHUNK_END, 0, 0);
        trace_put_end(&c, shifted(ended_at), reason);
        flush(&c);
    }
    status.header.monotonic_ns = shifted(status.header.monotonic_ns);
    trace_encode_header(header, &status.header);
    rewind(all.to);
    fwrite(header, 1, sizeof header, all.to);
    return fclose(all.to) == 0 ? 0 : 1;
}
