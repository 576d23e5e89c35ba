/* The fake CUPTI's activity records. Work that is issued waits in a list until its time has come; then its
 * record goes into a buffer of the client's. A buffer is asked for, filled, handed back once with its valid
 * size, and never touched again. Full buffers are delivered by a thread of CUPTI's; cuptiActivityFlushAll(0)
 * delivers what is complete, FORCED everything, and what has not ended by then has no times. A record that
 * finds no buffer is dropped and counted. Faults: zero-times, zero-end, missing, duplicate, dropped,
 * unknown-kind   one record in ten shuffle        records of a batch are delivered backwards empty-buffers
 * buffers are also completed with nothing in them slow           deliveries take 200 ms */
#include "tests/fake/fake_cupti.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KINDS        64u
#define UNKNOWN_KIND 60u
#define GARBAGE      0xa5 /* fills what the declarations of cupti_abi.h do not know */
#define WORKER_NS    2000000

/* A record is as long as CUDA 13's; that of a kernel up to CUDA 11.7 ended before the cluster's size. */
#define VERSION_WITH_CLUSTERS 18
enum { KERNEL_BYTES = 216, COPY_BYTES = 96, FILL_BYTES = 88, UNKNOWN_BYTES = 48, RECORD_MAX = 216 };

#define HELD 100

static struct {
    atomic_bool enabled[KINDS];
    _Atomic(cupti_buffer_requested) requested;
    _Atomic(cupti_buffer_completed) completed;
    _Atomic(cupti_timestamp) now; /* NULL: CLOCK_REALTIME */
    _Atomic(int64_t) offset;      /* of the client's clock to CLOCK_MONOTONIC */

    pthread_mutex_t lock; /* of the pending list */
    pthread_cond_t wake;
    fake_work *pending;
    size_t pending_count, pending_cap;
    bool worker_runs;
    atomic_uint period_ms;

    pthread_mutex_t
        delivery; /* of the buffer; held across the client's functions, as one delivery at a time */
    uint8_t *buffer;
    cupti_buffer_completed giver; /* the client that the buffer belongs to */
    size_t size, valid, max_records, records;
    uint64_t work_seen;
    atomic_size_t dropped;
    unsigned held;
} activity = {.lock = PTHREAD_MUTEX_INITIALIZER,
              .wake = PTHREAD_COND_INITIALIZER,
              .delivery = PTHREAD_MUTEX_INITIALIZER};

/* ---- buffers; under `delivery` ---- */

static void complete_buffer(void) {
    uint8_t *buffer = activity.buffer;
    size_t valid = activity.valid;
    if (!buffer) {
        return;
    }
    activity.buffer = NULL;
    if (fake_cupti_fault("slow")) {
        usleep(200000);
    }
    cupti_buffer_completed completed = atomic_load(&activity.completed);
    if (completed != activity.giver) {
        fake_cupti_violation("a buffer goes to a client that did not give it");
    }
    completed(NULL, 0, buffer, activity.size, valid);
}

/* As for that many threads that have launched: each holds a buffer. */
static void hold_buffers(void) {
    size_t size = 0, max_records = 0;
    for (; activity.held < HELD && fake_cupti_fault("many-threads"); activity.held++) {
        uint8_t *buffer = NULL;
        atomic_load (&activity.requested)(&buffer, &size, &max_records);
        if (!buffer) {
            atomic_fetch_add(&activity.dropped, 1);
        }
    }
}

static bool get_buffer(void) {
    if (activity.buffer) {
        return true;
    }
    hold_buffers();
    uint8_t *buffer = NULL;
    size_t size = 0, max_records = 0;
    activity.giver = atomic_load(&activity.completed);
    atomic_load (&activity.requested)(&buffer, &size, &max_records);
    if (!buffer) {
        return false;
    }
    if ((uintptr_t)buffer % 8 || size < 1024) {
        fake_cupti_violation("a buffer that is too small or not aligned to 8 bytes");
        return false;
    }
    activity.buffer = buffer;
    activity.size = size;
    activity.max_records = max_records;
    activity.valid = activity.records = 0;
    return true;
}

static void put_record(const void *record, size_t bytes) {
    bool full = activity.buffer && (activity.size - activity.valid < bytes ||
                                    (activity.max_records && activity.records == activity.max_records));
    if (full) {
        complete_buffer();
    }
    if (!get_buffer()) {
        atomic_fetch_add(&activity.dropped, 1);
        return;
    }
    memcpy(activity.buffer + activity.valid, record, bytes);
    activity.valid += bytes;
    activity.records++;
}

/* ---- records ---- */

static uint64_t real_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* From CLOCK_MONOTONIC to CLOCK_REALTIME: of a few readings the one with the least between its two clocks. */
static uint64_t real_offset;

__attribute__((constructor)) static void find_real_offset(void) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t before = fake_now(), real = real_time(), after = fake_now();
        if (after - before < least) {
            least = after - before;
            real_offset = real - before;
        }
    }
}

static uint64_t client_time(uint64_t monotonic) {
    return monotonic + (atomic_load(&activity.now) ? (uint64_t)atomic_load(&activity.offset) : real_offset);
}

typedef union {
    uint32_t kind;
    cupti_kernel_cluster kernel;
    cupti_memcpy copy;
    cupti_memset fill;
    uint8_t bytes[RECORD_MAX];
} record;

/* As on an H200: a kernel's name is remembered by its place, also after its module is gone. */
static const char *remembered_name(const fake_kernel *kernel) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const char *name = kernel->name;
    pthread_mutex_lock(&lock);
    static struct {
        const fake_kernel *kernel;
        const char *name;
    } known[1024];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!known[i].kernel) {
            known[i].kernel = kernel;
            known[i].name = strdup(kernel->name);
        }
        if (known[i].kernel == kernel) {
            name = known[i].name;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return name;
}

static void kernel_record(record *r, const fake_work *w, uint64_t start, uint64_t end) {
    memset(&r->kernel, 0, sizeof r->kernel);
    cupti_kernel *k = &r->kernel.base;
    k->kind = CUPTI_ABI_KIND_CONCURRENT_KERNEL;
    k->registers_per_thread = (uint16_t)w->kernel->registers;
    k->start = start;
    k->end = end;
    k->completed = end;
    k->device = w->device;
    k->context = w->device + 1;
    k->stream = w->stream;
    for (int i = 0; i < 3; i++) {
        k->grid[i] = (int32_t)w->grid[i];
        k->block[i] = (int32_t)w->block[i];
        r->kernel.cluster[i] = w->cluster[i];
    }
    k->static_shared = (int32_t)w->kernel->static_shared;
    k->dynamic_shared = (int32_t)w->dynamic_shared;
    k->correlation = w->correlation;
    k->name = w->name;
    k->graph_node = w->node;
    k->graph = w->graph;
}

static void copy_record(record *r, const fake_work *w, uint64_t start, uint64_t end) {
    r->copy = (cupti_memcpy){.kind = CUPTI_ABI_KIND_MEMCPY,
                             .copy_kind = w->copy_kind,
                             .src_kind = w->copy_kind == 1 ? 1 : 3,
                             .dst_kind = w->copy_kind == 2 ? 1 : 3,
                             .flags = w->is_async,
                             .bytes = w->bytes,
                             .start = start,
                             .end = end,
                             .device = w->device,
                             .context = w->device + 1,
                             .stream = w->stream,
                             .correlation = w->correlation,
                             .graph_node = w->node,
                             .graph = w->graph};
}

static void fill_record(record *r, const fake_work *w, uint64_t start, uint64_t end) {
    r->fill = (cupti_memset){.kind = CUPTI_ABI_KIND_MEMSET,
                             .value = w->value,
                             .bytes = w->bytes,
                             .start = start,
                             .end = end,
                             .device = w->device,
                             .context = w->device + 1,
                             .stream = w->stream,
                             .correlation = w->correlation,
                             .flags = w->is_async,
                             .memory_kind = 3,
                             .graph_node = w->node,
                             .graph = w->graph};
}

static size_t bytes_of_kind(uint32_t kind) {
    switch (kind) {
    case CUPTI_ABI_KIND_KERNEL:
    case CUPTI_ABI_KIND_CONCURRENT_KERNEL:
        return fake_cupti_version() < VERSION_WITH_CLUSTERS ? offsetof(cupti_kernel_cluster, cluster)
                                                            : KERNEL_BYTES;
    case CUPTI_ABI_KIND_MEMCPY:
        return COPY_BYTES;
    case CUPTI_ABI_KIND_MEMSET:
        return FILL_BYTES;
    case UNKNOWN_KIND:
        return UNKNOWN_BYTES;
    default:
        return 0;
    }
}

static void make_record(record *r, const fake_work *w, bool ended) {
    uint64_t start = ended ? client_time(w->start) : 0;
    uint64_t end = ended ? client_time(w->end) : 0;
    bool tenth = activity.work_seen % 10 == 9;
    if (tenth && fake_cupti_fault("zero-times")) {
        start = end = 0;
    }
    if (tenth && fake_cupti_fault("zero-end")) {
        end = 0;
    }
    memset(r, GARBAGE, sizeof *r);
    switch (w->kind) {
    case FAKE_KERNEL:
        kernel_record(r, w, start, end);
        break;
    case FAKE_COPY:
        copy_record(r, w, start, end);
        break;
    case FAKE_FILL:
        fill_record(r, w, start, end);
        break;
    default:
        break; /* what has another graph in it is no work */
    }
}

static void deliver_work(const fake_work *w, bool ended) {
    record r;
    make_record(&r, w, ended);
    bool tenth = activity.work_seen++ % 10 == 9;
    if (tenth && fake_cupti_fault("missing")) {
        return;
    }
    if (tenth && fake_cupti_fault("dropped")) {
        atomic_fetch_add(&activity.dropped, 1);
        return;
    }
    put_record(&r, bytes_of_kind(r.kind));
    if (tenth && fake_cupti_fault("duplicate")) {
        put_record(&r, bytes_of_kind(r.kind));
    }
    if (tenth && fake_cupti_fault("unknown-kind")) {
        memset(&r, GARBAGE, sizeof r);
        r.kind = UNKNOWN_KIND;
        put_record(&r, UNKNOWN_BYTES);
    }
    if (activity.work_seen % 100 == 0 && fake_cupti_fault("empty-buffers")) {
        complete_buffer();
        if (get_buffer()) {
            complete_buffer();
        }
    }
}

/* ---- from the pending list into buffers ---- */

/* A graph's records are made when its whole launch has ended. */
static bool has_ended(size_t at, uint64_t now) {
    const fake_work *w = &activity.pending[at];
    bool ended = w->end <= now;
    for (size_t i = at + 1; w->node && i < activity.pending_count; i++) {
        if (activity.pending[i].correlation != w->correlation) {
            break;
        }
        ended = ended && activity.pending[i].end <= now;
    }
    return ended;
}

/* Takes what has ended (or everything) off the pending list, that of graphs only when that is asked for. The caller
 * frees what it gets. */
static size_t take_pending(fake_work **taken, bool all, bool graphs, uint64_t now) {
    pthread_mutex_lock(&activity.lock);
    size_t count = 0, kept = 0;
    fake_work *list = activity.pending_count ? malloc(activity.pending_count * sizeof *list) : NULL;
    bool *taken_at = calloc(activity.pending_count + 1, sizeof *taken_at);
    for (size_t i = 0; list && i < activity.pending_count; i++) {
        taken_at[i] = all || ((graphs || !activity.pending[i].node) && has_ended(i, now));
    }
    for (size_t i = 0; list && i < activity.pending_count; i++) {
        if (taken_at[i]) {
            list[count++] = activity.pending[i];
        } else {
            activity.pending[kept++] = activity.pending[i];
        }
    }
    free(taken_at);
    activity.pending_count = list ? kept : activity.pending_count;
    pthread_mutex_unlock(&activity.lock);
    *taken = list;
    return count;
}

/* Under `delivery`. */
static void harvest(bool all, bool graphs) {
    fake_work *list;
    uint64_t now = fake_now();
    size_t count = take_pending(&list, all, graphs, now);
    bool backwards = fake_cupti_fault("shuffle");
    for (size_t i = 0; i < count; i++) {
        const fake_work *w = &list[backwards ? count - 1 - i : i];
        deliver_work(w, w->end <= now);
    }
    free(list);
}

static void *worker(void *unused) {
    (void)unused;
    uint64_t delivered = fake_now();
    for (;;) {
        pthread_mutex_lock(&activity.lock);
        while (activity.pending_count == 0) {
            pthread_cond_wait(&activity.wake, &activity.lock);
        }
        pthread_mutex_unlock(&activity.lock);
        nanosleep(&(struct timespec){.tv_nsec = WORKER_NS}, NULL);
        pthread_mutex_lock(&activity.delivery);
        harvest(false, false);
        unsigned period = atomic_load(&activity.period_ms);
        if (period && fake_now() - delivered > period * 1000000ull) {
            complete_buffer();
            delivered = fake_now();
        }
        pthread_mutex_unlock(&activity.delivery);
    }
    return NULL;
}

/* Under `lock`. */
static void start_worker(void) {
    sigset_t all, before;
    pthread_t id;
    if (activity.worker_runs) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&id, NULL, worker, NULL) == 0) {
        pthread_detach(id);
        activity.worker_runs = true;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool wanted(const fake_work *w) {
    static const uint32_t kinds[] = {[FAKE_KERNEL] = CUPTI_ABI_KIND_CONCURRENT_KERNEL,
                                     [FAKE_COPY] = CUPTI_ABI_KIND_MEMCPY,
                                     [FAKE_FILL] = CUPTI_ABI_KIND_MEMSET};
    return atomic_load(&activity.enabled[kinds[w->kind]]) ||
           (w->kind == FAKE_KERNEL && atomic_load(&activity.enabled[CUPTI_ABI_KIND_KERNEL]));
}

/* Records of what a loop of a graph runs have no correlation id, and come in the opposite order. */
static bool of_loop(const fake_work *w) {
    return w->node != 0 && w->correlation == 0;
}

/* Under `lock`. */
static void append_pending(const fake_work *work) {
    if (activity.pending_count == activity.pending_cap) {
        activity.pending_cap = activity.pending_cap ? 2 * activity.pending_cap : 1024;
        activity.pending = realloc(activity.pending, activity.pending_cap * sizeof *activity.pending);
    }
    size_t at = activity.pending_count++;
    while (of_loop(work) && at > 0 && of_loop(&activity.pending[at - 1])) {
        activity.pending[at] = activity.pending[at - 1];
        at--;
    }
    activity.pending[at] = *work;
    if (activity.pending_count == 1) {
        start_worker();
        pthread_cond_signal(&activity.wake);
    }
}

/* As on an H200: the times of a graph's nodes lie in one place, which the next launch uses again. Records are made from
 * there, those of the launches before when another one is recorded. */
static void overwrite_times(const fake_work *work) {
    pthread_mutex_lock(&activity.lock);
    for (size_t i = activity.pending_count; i-- > 0;) {
        if (activity.pending[i].node == work->node) {
            activity.pending[i].end = work->end;
            break;
        }
    }
    pthread_mutex_unlock(&activity.lock);
}

/* As on an H200: the first launch of a graph after records went off is recorded, too, with the correlation id that was seen
 * last while they were on. */
static struct {
    atomic_uint seen, launch; /* launch: that of the graph, once there was one */
    atomic_bool due;
} stray;

void fake_cupti_saw(uint32_t correlation) {
    if (atomic_load(&activity.enabled[CUPTI_ABI_KIND_CONCURRENT_KERNEL])) {
        atomic_store(&stray.seen, correlation);
    }
}

static bool take_stray(const fake_work *work) {
    unsigned nobody = 0;
    return work->node && work->correlation && work->kind == FAKE_KERNEL && atomic_load(&stray.due) &&
           (atomic_compare_exchange_strong(&stray.launch, &nobody, work->correlation) ||
            nobody == work->correlation);
}

void fake_cupti_work(const fake_work *work) {
    if (work->node && work->correlation && !wanted(work)) {
        overwrite_times(work);
    }
    if (!wanted(work) && take_stray(work)) {
        fake_work copy = *work;
        copy.correlation = atomic_load(&stray.seen);
        copy.name = remembered_name(work->kernel);
        pthread_mutex_lock(&activity.lock);
        append_pending(&copy);
        pthread_mutex_unlock(&activity.lock);
    }
    if (!wanted(work) || !fake_cupti_alive()) {
        return;
    }
    /* As the real one does, the first buffer is asked for on the thread that launches. */
    if (pthread_mutex_trylock(&activity.delivery) == 0) {
        if (wanted(work)) {
            get_buffer();
        }
        pthread_mutex_unlock(&activity.delivery);
    }
    fake_work named = *work;
    if (work->kind == FAKE_KERNEL) {
        named.name = remembered_name(work->kernel);
    }
    pthread_mutex_lock(&activity.lock);
    if (wanted(work)) { /* still: what a client gets after it disabled a kind is what it had before */
        append_pending(&named);
    }
    pthread_mutex_unlock(&activity.lock);
}

void fake_cupti_closing(void) {
    fake_cupti_close();
}

/* ---- the interface ---- */

/* When records were switched on, for a test: on a GPU launches are slower from the first time on. */
static void tell_enabled(void) {
    const char *path = getenv("FAKE_CUPTI_ENABLED");
    FILE *out = path ? fopen(path, "ae") : NULL;
    if (out) {
        fprintf(out, "%llu\n", (unsigned long long)fake_now());
        fclose(out);
    }
}

cupti_result cuptiActivityEnable(uint32_t kind) {
    if (fake_cupti_fault("enable") || kind >= KINDS) {
        return FAKE_CUPTI_ERROR_INVALID_KIND;
    }
    if (!atomic_load(&activity.requested)) {
        fake_cupti_violation("cuptiActivityEnable before cuptiActivityRegisterCallbacks");
        return FAKE_CUPTI_ERROR_NOT_INITIALIZED;
    }
    tell_enabled();
    atomic_store(&stray.due, false);
    atomic_store(&activity.enabled[kind], true);
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivityDisable(uint32_t kind) {
    if (kind >= KINDS) {
        return FAKE_CUPTI_ERROR_INVALID_KIND;
    }
    if (kind == CUPTI_ABI_KIND_CONCURRENT_KERNEL && atomic_exchange(&activity.enabled[kind], false)) {
        atomic_store(&stray.launch, 0);
        atomic_store(&stray.due, true);
    }
    atomic_store(&activity.enabled[kind], false);
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivityRegisterCallbacks(cupti_buffer_requested requested,
                                            cupti_buffer_completed completed) {
    if (!requested || !completed) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    atomic_store(&activity.requested, requested);
    atomic_store(&activity.completed, completed);
    fake_cupti_begin();
    return CUPTI_ABI_SUCCESS;
}

#ifndef FAKE_CUPTI_OLD
cupti_result cuptiActivityRegisterTimestampCallback(cupti_timestamp now) {
    for (uint32_t kind = 0; kind < KINDS && !atomic_load(&activity.now); kind++) {
        if (atomic_load(&activity.enabled[kind])) {
            fake_cupti_violation("the timestamp function came after a kind was enabled");
            return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
        }
    }
    if (fake_cupti_fault("clock") || !now) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    atomic_store(&activity.now, now);
    atomic_store(&activity.offset, (int64_t)(now() - fake_now()));
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivityFlushPeriod(uint32_t milliseconds) {
    atomic_store(&activity.period_ms, milliseconds);
    return CUPTI_ABI_SUCCESS;
}
#endif

cupti_result cuptiGetTimestamp(uint64_t *timestamp) {
    cupti_timestamp now = atomic_load(&activity.now);
    *timestamp = now ? now() : real_time();
    return CUPTI_ABI_SUCCESS;
}

#ifndef FAKE_CUPTI_ANCIENT
cupti_result cuptiActivityFlushAll(uint32_t flags) {
    if (!fake_cupti_alive()) {
        return FAKE_CUPTI_ERROR_NOT_INITIALIZED;
    }
    if (fake_cupti_in_unload) {
        fake_cupti_violation("a flush in the callback of a module's unload");
    }
    pthread_mutex_lock(&activity.delivery);
    harvest(flags & CUPTI_ABI_FLUSH_FORCED, true);
    complete_buffer();
    pthread_mutex_unlock(&activity.delivery);
    return CUPTI_ABI_SUCCESS;
}
#endif

cupti_result cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, void **at) {
    uint8_t *next = *at ? (uint8_t *)*at + bytes_of_kind(*(uint32_t *)*at) : buffer;
    if (*at && next == *at) {
        fake_cupti_violation("cuptiActivityGetNextRecord after what is no record");
        return FAKE_CUPTI_ERROR_INVALID_KIND;
    }
    if (next < buffer || next >= buffer + valid) {
        return CUPTI_ABI_ERROR_MAX_LIMIT_REACHED;
    }
    *at = next;
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *dropped) {
    (void)context, (void)stream;
    *dropped = atomic_exchange(&activity.dropped, 0);
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivitySetAttribute(int attribute, size_t *size, void *value) {
    (void)attribute;
    return size && value ? CUPTI_ABI_SUCCESS : FAKE_CUPTI_ERROR_INVALID_PARAMETER;
}

/* External correlation: a stack of ids on each thread. Kind 39 would give their records; nobody enables it
 * yet. */
static __thread uint64_t external[16];
static __thread unsigned external_count;

cupti_result cuptiActivityPushExternalCorrelationId(int kind, uint64_t id) {
    (void)kind;
    if (external_count == sizeof external / sizeof external[0]) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    external[external_count++] = id;
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiActivityPopExternalCorrelationId(int kind, uint64_t *id) {
    (void)kind;
    if (external_count == 0) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    *id = external[--external_count];
    return CUPTI_ABI_SUCCESS;
}
