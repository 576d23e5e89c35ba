/* The reading thread copies records into batches of a queue; the caller's thread takes them in order and passes them to
 * the visitor. */
#include "analysis/input/async_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/base/batch_queue.h"
#include "analysis/input/capture_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1024 /* records */

typedef enum {
    HOST,
    GPU,
    PROGRESS,
    META,
    STRING,
    THREAD,
    QUEUE,
    SHAPE,
    COUNTER,
    END,
    DEFINITIONS = META, /* this kind and all that follow */
} record_kind;

/* A record other than an event; its texts follow it. */
typedef struct {
    union {
        trace_thread thread;
        trace_queue queue;
        trace_shape shape;
        uint64_t number; /* a string's id, a counter's value, the time of the end */
    };
    size_t len, more_len;
    char text[];
} definition;

typedef struct {
    record_kind kind;
    union {
        trace_host_event host;
        trace_gpu_event gpu;
        struct {
            uint64_t done, total;
        } progress;
        definition *definition;
    };
} record;

typedef struct {
    const char *path;
    unsigned jobs;
    bool once;
    char *error;
    trace_visitor queueing;
    trace_status status;
    int rc;
    base_queue queue;
    const trace_visitor *visitor; /* the caller's visitor */
    int visited;                  /* the visitor's last result */
} ahead;

/* ---- The reading thread ---- */

/* Returns a record to fill in; NULL when the visitor wants no more. */
static record *new_record(ahead *a, record_kind kind) {
    record *r = base_queue_add(&a->queue);
    if (r) {
        r->kind = kind;
    }
    return r;
}

static int queue_host(void *ctx, const trace_host_event *e) {
    record *r = new_record(ctx, HOST);
    if (!r) {
        return 1;
    }
    r->host = *e;
    return 0;
}

static int queue_gpu(void *ctx, const trace_gpu_event *e) {
    record *r = new_record(ctx, GPU);
    if (!r) {
        return 1;
    }
    r->gpu = *e;
    return 0;
}

static int queue_progress(void *ctx, uint64_t done, uint64_t total) {
    record *r = new_record(ctx, PROGRESS);
    if (!r) {
        return 1;
    }
    r->progress.done = done;
    r->progress.total = total;
    return 0;
}

/* Adds a definition with one or two texts; NULL when the visitor wants no more. */
static definition *queue_definition(ahead *a, record_kind kind, const char *text, size_t len,
                                    const char *more, size_t more_len) {
    record *r = new_record(a, kind);
    if (!r) {
        return NULL;
    }
    definition *d = base_alloc(sizeof *d + len + more_len + 1, 1);
    memcpy(d->text, text, len);
    memcpy(d->text + len, more, more_len);
    d->len = len;
    d->more_len = more_len;
    r->definition = d;
    return d;
}

static int queue_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    return queue_definition(ctx, META, key, key_len, value, value_len) ? 0 : 1;
}

static int queue_numbered(ahead *a, record_kind kind, uint64_t number, const char *text, size_t len) {
    definition *d = queue_definition(a, kind, text, len, "", 0);
    if (!d) {
        return 1;
    }
    d->number = number;
    return 0;
}

static int queue_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    return queue_numbered(ctx, STRING, id, bytes, len);
}

static int queue_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    return queue_numbered(ctx, COUNTER, value, name, name_len);
}

static int queue_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    return queue_numbered(ctx, END, time, reason, reason_len);
}

static int queue_thread(void *ctx, const trace_thread *t) {
    definition *d = queue_definition(ctx, THREAD, t->name, t->name_len, "", 0);
    if (!d) {
        return 1;
    }
    d->thread = *t;
    d->thread.name = d->text;
    return 0;
}

static int queue_queue(void *ctx, const trace_queue *q) {
    definition *d = queue_definition(ctx, QUEUE, "", 0, "", 0);
    if (!d) {
        return 1;
    }
    d->queue = *q;
    return 0;
}

static int queue_shape(void *ctx, const trace_shape *s) {
    definition *d = queue_definition(ctx, SHAPE, "", 0, "", 0);
    if (!d) {
        return 1;
    }
    d->shape = *s;
    return 0;
}

static int read_capture_file(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                             trace_status *status, char error[TRACE_ERROR_BYTES]) {
    return once ? input_read_once(path, jobs, v, status, error) : input_read(path, jobs, v, status, error);
}

static void read_on_own_thread(void *ctx) {
    ahead *a = ctx;
    a->rc = read_capture_file(a->path, a->jobs - 1, a->once, &a->queueing, &a->status, a->error);
}

/* ---- The caller's thread ---- */

static int emit_definition(const trace_visitor *v, record_kind kind, const definition *d) {
    switch (kind) {
    case META:
        return v->meta ? v->meta(v->ctx, d->text, d->len, d->text + d->len, d->more_len) : 0;
    case STRING:
        return v->string ? v->string(v->ctx, (uint32_t)d->number, d->text, d->len) : 0;
    case THREAD:
        return v->thread ? v->thread(v->ctx, &d->thread) : 0;
    case QUEUE:
        return v->queue ? v->queue(v->ctx, &d->queue) : 0;
    case SHAPE:
        return v->shape ? v->shape(v->ctx, &d->shape) : 0;
    case COUNTER:
        return v->counter ? v->counter(v->ctx, d->text, d->len, d->number) : 0;
    default:
        return v->end ? v->end(v->ctx, d->number, d->text, d->len) : 0;
    }
}

static int emit_record(const trace_visitor *v, const record *r) {
    switch (r->kind) {
    case HOST:
        return v->host ? v->host(v->ctx, &r->host) : 0;
    case GPU:
        return v->gpu ? v->gpu(v->ctx, &r->gpu) : 0;
    case PROGRESS:
        return v->progress ? v->progress(v->ctx, r->progress.done, r->progress.total) : 0;
    default:
        return emit_definition(v, r->kind, r->definition);
    }
}

/* Passes the records of a batch to the visitor, or only frees them if the visitor wants no more. */
static int emit_records(void *ctx, const void *batch, size_t count) {
    ahead *a = ctx;
    const record *records = batch;
    for (size_t i = 0; i < count; i++) {
        a->visited = a->visited == 0 ? emit_record(a->visitor, &records[i]) : a->visited;
        if (records[i].kind >= DEFINITIONS) {
            free(records[i].definition);
        }
    }
    return a->visited;
}

int input_read_async(const char *path, const trace_visitor *v, unsigned jobs, bool once, trace_status *status,
                     char error[TRACE_ERROR_BYTES]) {
    ahead a = {.path = path, .jobs = jobs, .once = once, .error = error, .visitor = v};
    a.queueing = (trace_visitor){.ctx = &a,
                                 .meta = v->meta ? queue_meta : NULL,
                                 .string = v->string ? queue_string : NULL,
                                 .thread = v->thread ? queue_thread : NULL,
                                 .queue = v->queue ? queue_queue : NULL,
                                 .shape = v->shape ? queue_shape : NULL,
                                 .host = v->host ? queue_host : NULL,
                                 .gpu = v->gpu ? queue_gpu : NULL,
                                 .counter = v->counter ? queue_counter : NULL,
                                 .end = v->end ? queue_end : NULL,
                                 .progress = v->progress ? queue_progress : NULL};
    if (jobs < 2 || !base_queue_start_writer(&a.queue, sizeof(record), BATCH, read_on_own_thread, &a)) {
        return read_capture_file(path, jobs, once, v, status, error);
    }
    base_queue_take_all(&a.queue, emit_records, &a);
    base_queue_end(&a.queue);
    *status = a.status;
    return a.visited != 0 ? a.visited : a.rc;
}
