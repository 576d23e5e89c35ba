/* What the fuzz targets share: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_check(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "fuzz: %s\n", what);
        abort();
    }
}

void fuzz_check_end(int rc, const char *error) {
    fuzz_check(rc == 0 || (rc == -1 && error[0] && !strchr(error, '\n')), "an end that is none");
}

const char *fuzz_file(const uint8_t *data, size_t size) {
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    fuzz_check(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size,
               "no file to read from");
    return path;
}

static int saw(void *ctx, uint64_t value) {
    fuzz_seen *s = ctx;
    s->sum = s->sum * 31 + value;
    return ++s->records == s->stop_at ? FUZZ_STOPPED : 0;
}

static uint64_t bytes(const char *p, size_t len) {
    uint64_t sum = len;
    fuzz_check(p != NULL, "a string with no bytes");
    for (size_t i = 0; i < len; i++) {
        sum = sum * 31 + (unsigned char)p[i];
    }
    return sum;
}

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    return saw(ctx, bytes(key, key_len) + bytes(value, value_len));
}

static int on_string(void *ctx, uint32_t id, const char *p, size_t len) {
    return saw(ctx, id + bytes(p, len));
}

static int on_thread(void *ctx, const trace_thread *t) {
    return saw(ctx, t->index + t->tid + bytes(t->name, t->name_len));
}

static int on_queue(void *ctx, const trace_queue *q) {
    return saw(ctx, (uint64_t)q->id + q->device + q->context + q->stream);
}

static int on_shape(void *ctx, const trace_shape *s) {
    uint64_t sum = (uint64_t)s->id + s->name + s->registers_per_thread + s->static_shared_bytes;
    for (int i = 0; i < 3; i++) {
        sum += (uint64_t)s->grid[i] + s->block[i] + s->cluster[i];
    }
    return saw(ctx, sum + s->dynamic_shared_bytes + s->local_bytes_total + s->cache_config + s->launch_type);
}

static int on_host(void *ctx, const trace_host_event *e) {
    fuzz_check(e->kind >= TRACE_HOST_PUSH && e->kind <= 15, "a host event of no kind");
    fuzz_check(e->payload_type <= TRACE_PAYLOAD_F32, "a payload of no type");
    return saw(ctx, e->thread + e->time + e->duration + e->name + e->domain + e->category + e->color +
                        e->correlation + (uint64_t)e->result + e->id + e->graph + e->payload);
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    fuzz_check(e->kind >= TRACE_GPU_KERNEL && e->kind <= TRACE_GPU_MEMSET, "a GPU event of no kind");
    fuzz_check(e->timed ? e->end >= e->start : !e->start && !e->end,
               "a GPU event that ends before it starts");
    return saw(ctx, e->start + e->end + e->correlation + e->queue + e->shape + e->graph + e->graph_node +
                        e->bytes + e->value + e->copy_kind);
}

static int on_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    return saw(ctx, bytes(name, name_len) + value);
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    return saw(ctx, time + bytes(reason, reason_len));
}

static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    fuzz_check(done <= total, "more was read than there is");
    return 0;
}

trace_visitor fuzz_visitor(fuzz_seen *seen) {
    return (trace_visitor){.ctx = seen,
                           .meta = on_meta,
                           .string = on_string,
                           .thread = on_thread,
                           .queue = on_queue,
                           .shape = on_shape,
                           .host = on_host,
                           .gpu = on_gpu,
                           .counter = on_counter,
                           .end = on_end,
                           .progress = on_progress};
}
