/* The CUPTI session: subscription, activity kinds, and the buffers that are exchanged between CUPTI and the writer. */
#include "cupti/cupti_session.h"

#include "cupti/cupti_graph_launches.h"
#include "cupti/cupti_graph_nodes.h"
#include "cupti/cupti_names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A large buffer holds about 5,000 kernel records. CUPTI fills a buffer for each thread that launches (observed on an H200), so the
 * buffers after the first ones are small. The pool is bounded, by 31 MiB: when the writer has not returned any buffer, CUPTI gets
 * none, drops records, and reports how many. */
#define BUFFER_LARGE_BYTES (1u << 20)
#define BUFFER_SMALL_BYTES (1u << 16)
#define BUFFERS_LARGE      16u
#define BUFFER_COUNT       256
#define BUFFERS_KEPT                                                                                         \
    2 /* allocated at the start, before ranges use the memory: CUPTI fills one while the writer reads the other */
#define CBIDS_MAX 512
#define CBID_END  4096u

/* How long to wait for records of graph launches before records are disabled. After a timeout the next waits are shorter,
 * so that a target whose GPU is never idle, or whose graphs have no recorded work, is not delayed each time. */
#define PATIENCE_NS       100000000u
#define LEAST_PATIENCE_NS 1000000u
#define POLL_NS           100000

static const uint32_t activity_kinds[] = {CUPTI_ABI_KIND_CONCURRENT_KERNEL, CUPTI_ABI_KIND_MEMCPY,
                                          CUPTI_ABI_KIND_MEMSET, CUPTI_ABI_KIND_MEMCPY2};
#define KIND_COUNT (sizeof activity_kinds / sizeof activity_kinds[0])

/* Effects of a driver call on kernels of executable graphs. */
typedef enum { CHANGES_NOTHING, CHANGES_TOLD /* from CUDA 13 on, per node */, CHANGES_UNTOLD } graph_change;

static struct {
    cupti_library lib;
    cupti_hooks hooks;
    cupti_subscriber subscriber;
    atomic_bool active, profiling;
    atomic_bool subscribed;
    atomic_bool touched; /* records were enabled once */
    uint64_t begin;
    bool all_calls;
    bool held;                 /* by another tool */
    uint32_t cbids[CBIDS_MAX]; /* callbacks of driver calls that enqueue GPU work */
    size_t cbid_count;
    bool issues_work[CBID_END]; /* the same, by callback id */
    bool launches_graph[CBID_END];
    uint8_t changes_graph[CBID_END]; /* graph_change */
    bool lasting[CBID_END];          /* callbacks of driver calls that stay enabled */
    uint8_t graph_calls[CBID_END];   /* cupti_graph_call */
    bool tells_updates;              /* CUPTI reports the nodes of a graph that get another kernel */
    atomic_uint latest;              /* the highest correlation id of a callback so far */
    atomic_uint issued;  /* that of the latest GPU work that was enqueued while records were enabled */
    atomic_uint flushed; /* `issued` at the beginning of the last flush */
    atomic_uint epoch;   /* odd while records are enabled: incremented after enabling, and before disabling */
    uint64_t patience_ns;
    uint32_t profiler[2]; /* callbacks of cuProfilerStop and cuProfilerStart; 0 if unavailable */

    pthread_mutex_t lock; /* protects the pool and the queue; held for a few instructions only */
    cupti_buffer idle[BUFFER_COUNT];
    size_t idle_count, allocated;
    cupti_buffer done[BUFFER_COUNT]; /* a ring, oldest first */
    size_t done_first, done_count;

    atomic_uint_fast64_t dropped_records, refused_buffers, buffers;
} session = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether this thread holds the lock, for signal handlers. */
static __thread unsigned locked;

static void lock_pool(void) {
    locked++;
    atomic_signal_fence(memory_order_seq_cst);
    pthread_mutex_lock(&session.lock);
}

static void unlock_pool(void) {
    pthread_mutex_unlock(&session.lock);
    atomic_signal_fence(memory_order_seq_cst);
    locked--;
}

bool cupti_session_locked(void) {
    return locked > 0;
}

/* The lock is held. */
static cupti_buffer new_buffer(void) {
    cupti_buffer buffer = {.bytes = NULL,
                           .size =
                               session.allocated < BUFFERS_LARGE ? BUFFER_LARGE_BYTES : BUFFER_SMALL_BYTES,
                           .valid = 0};
    buffer.bytes = session.allocated < BUFFER_COUNT ? session.hooks.allocate(buffer.size) : NULL;
    session.allocated += buffer.bytes != NULL;
    return buffer;
}

static void keep_buffers(void) {
    lock_pool();
    while (session.allocated < BUFFERS_KEPT) {
        cupti_buffer buffer = new_buffer();
        if (!buffer.bytes) {
            break;
        }
        session.idle[session.idle_count++] = buffer;
    }
    unlock_pool();
}

static void on_buffer_requested(uint8_t **buffer, size_t *size, size_t *max_records) {
    lock_pool();
    cupti_buffer idle = session.idle_count > 0 ? session.idle[--session.idle_count] : new_buffer();
    unlock_pool();
    if (!idle.bytes) {
        atomic_fetch_add(&session.refused_buffers, 1);
    }
    *buffer = idle.bytes;
    *size = idle.bytes ? idle.size : 0;
    *max_records = 0;
}

/* Checks the records of a buffer before they are used, and removes invalid ones. */
static void check_records(cupti_buffer *buffer) {
    bool graphs = cupti_graph_launches_need_records(), name = cupti_names_needed();
    uint8_t *to = buffer->bytes;
    void *record = NULL;
    bool more = (graphs || name) && cupti_session_next(buffer, &record);
    if (!more) {
        return;
    }
    while (more) {
        uint8_t *at = record;
        more = cupti_session_next(buffer, &record);
        size_t bytes = (size_t)((more ? (uint8_t *)record : buffer->bytes + buffer->valid) - at);
        bool wanted = !graphs || cupti_graph_launches_record(at);
        if (wanted && name) {
            cupti_names_record(at);
        }
        if (wanted && to != at) {
            memmove(to, at, bytes);
        }
        to += wanted ? bytes : 0;
    }
    buffer->valid = (size_t)(to - buffer->bytes);
}

static void count_dropped(void *context, uint32_t stream) {
    size_t dropped = 0;
    if (session.lib.get_dropped(context, stream, &dropped) == CUPTI_ABI_SUCCESS) {
        atomic_fetch_add(&session.dropped_records, dropped);
    }
}

static void on_buffer_completed(void *context, uint32_t stream, uint8_t *bytes, size_t size, size_t valid) {
    count_dropped(context, stream);
    if (!bytes) {
        return;
    }
    cupti_buffer buffer = {.bytes = bytes, .size = size, .valid = valid};
    check_records(&buffer);
    lock_pool();
    if (buffer.valid > 0) {
        session.done[(session.done_first + session.done_count++) % BUFFER_COUNT] = buffer;
    } else {
        session.idle[session.idle_count++] = buffer;
    }
    unlock_pool();
    if (buffer.valid > 0) {
        atomic_fetch_add(&session.buffers, 1);
        session.hooks.buffer_ready();
    }
}

static void on_graph_launch(const cupti_callback_data *call) {
    static __thread unsigned begun; /* the epoch in which this thread's launch began */
    const cupti_graph_launch_parameters *parameters = call->function_params;
    const void *graph = parameters ? parameters->graph : NULL;
    const int *result = call->function_return;
    unsigned epoch = atomic_load(&session.epoch);
    bool recording = epoch % 2 == 1;
    if (call->site == CUPTI_ABI_SITE_EXIT && begun == epoch) {
        cupti_graph_launches_end(call->correlation, graph, result && *result != 0);
    } else if (call->site == CUPTI_ABI_SITE_EXIT || !recording) {
        cupti_graph_launches_overwrite(graph, call->correlation);
    } else {
        begun = epoch;
        cupti_graph_launches_begin(call->correlation);
    }
}

/* Other threads may update it concurrently: the ids only grow. */
static void note_correlation(uint32_t correlation) {
    uint32_t latest = atomic_load_explicit(&session.latest, memory_order_relaxed);
    if ((int32_t)(correlation - latest) > 0) {
        atomic_store_explicit(&session.latest, correlation, memory_order_relaxed);
    }
}

static void on_resource(uint32_t cbid, const cupti_resource_data *data) {
    uint32_t latest = atomic_load(&session.latest);
    if (cbid == CUPTI_ABI_CONTEXT_CREATED) {
        session.hooks.context();
    } else if (cbid == CUPTI_ABI_MODULE_UNLOAD_STARTING) {
        /* Flushing here would deadlock. */
        cupti_names_module_unloads(latest);
    } else {
        cupti_graph_launches_exist();
        cupti_graph_nodes_event(cbid, data->descriptor, latest);
    }
}

/* Handles calls whose callbacks are enabled even while nothing is profiled. Returns false if this is the only use of the
 * callback. */
static bool on_lasting_call(uint32_t cbid, const cupti_callback_data *call) {
    bool profiler = session.hooks.profiler && (cbid == session.profiler[0] || cbid == session.profiler[1]);
    if (!session.lasting[cbid] && !profiler) {
        return true;
    }
    if (session.graph_calls[cbid]) {
        cupti_graph_nodes_call(session.graph_calls[cbid], call);
    } else if (session.changes_graph[cbid] == CHANGES_UNTOLD ||
               (session.changes_graph[cbid] == CHANGES_TOLD && !session.tells_updates)) {
        cupti_names_node_changes();
    } else if (profiler && call->site == CUPTI_ABI_SITE_ENTER) {
        session.hooks.profiler(cbid == session.profiler[1]);
    }
    return session.all_calls && atomic_load(&session.profiling);
}

static void on_callback(void *userdata, int domain, uint32_t cbid, const void *data) {
    (void)userdata;
    const cupti_callback_data *call = data;
    if (domain == CUPTI_ABI_DOMAIN_RESOURCE) {
        on_resource(cbid, data);
        return;
    }
    bool driver = domain == CUPTI_ABI_DOMAIN_DRIVER_API;
    note_correlation(call->correlation);
    if (driver && cbid < CBID_END && session.issues_work[cbid] && atomic_load(&session.epoch) % 2 == 1) {
        atomic_store_explicit(&session.issued, call->correlation, memory_order_relaxed);
    }
    if (driver && cbid < CBID_END && !on_lasting_call(cbid, call)) {
        return;
    }
    if (driver && cbid < CBID_END && session.launches_graph[cbid]) {
        on_graph_launch(call);
    }
    if (call->site == CUPTI_ABI_SITE_ENTER && call->symbol_name && driver && cupti_names_needed()) {
        cupti_names_launch(call->correlation, call->symbol_name);
    }
    if (driver || domain == CUPTI_ABI_DOMAIN_RUNTIME_API) {
        session.hooks.driver_call((uint32_t)domain << 16 | cbid, call->function_name,
                                  call->site == CUPTI_ABI_SITE_ENTER, call->correlation,
                                  driver && cbid < CBID_END && session.issues_work[cbid],
                                  call->site == CUPTI_ABI_SITE_EXIT ? call->function_return : NULL);
    }
}

/* Driver calls that enqueue GPU work, by the beginning of their names, so that calls of newer drivers are included. */
static bool issues_gpu_work(const char *name) {
    static const char *const prefixes[] = {"cuLaunch", "cuMemcpy", "cuMemset", "cuGraphLaunch"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return strncmp(name, "cuLaunchHostFunc", 16) != 0;
        }
    }
    return false;
}

/* Driver calls that change the kernel of a node of an executable graph. */
static graph_change change_of(const char *name) {
    static const char *const prefixes[] = {"cuGraphExecUpdate", "cuGraphExecKernelNodeSetParams",
                                           "cuGraphExecNodeSetParams"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return CHANGES_TOLD;
        }
    }
    return strncmp(name, "cuGraphExecChildGraphNodeSetParams", 34) == 0 ? CHANGES_UNTOLD : CHANGES_NOTHING;
}

static void find_callbacks(void) {
    /* Callback ids are contiguous from 1; CUDA 13 has about 780. */
    for (uint32_t cbid = 1, misses = 0; cbid < CBID_END && misses < 64 && session.cbid_count < CBIDS_MAX;
         cbid++) {
        const char *name = NULL;
        if (session.lib.get_callback_name(CUPTI_ABI_DOMAIN_DRIVER_API, cbid, &name) != CUPTI_ABI_SUCCESS ||
            !name) {
            misses++;
        } else {
            misses = 0;
            if (strcmp(name, "cuProfilerStop") == 0 || strcmp(name, "cuProfilerStart") == 0) {
                session.profiler[strcmp(name, "cuProfilerStart") == 0] = cbid;
            }
            session.changes_graph[cbid] = (uint8_t)change_of(name);
            session.graph_calls[cbid] = (uint8_t)cupti_graph_nodes_call_of(name);
            session.lasting[cbid] = session.changes_graph[cbid] || session.graph_calls[cbid];
            if (issues_gpu_work(name)) {
                session.cbids[session.cbid_count++] = cbid;
                session.issues_work[cbid] = true;
                session.launches_graph[cbid] = strncmp(name, "cuGraphLaunch", 13) == 0;
            }
        }
    }
}

/* These callbacks stay enabled while nothing is profiled, since graphs are created once and replayed often. Without them,
 * replayed kernels are attributed to the launch's range. */
static void enable_lasting_callbacks(void) {
    static const uint32_t graphs[] = {CUPTI_ABI_GRAPH_CREATED,     CUPTI_ABI_GRAPHNODE_CREATED,
                                      CUPTI_ABI_GRAPHNODE_CLONED,  CUPTI_ABI_GRAPHNODE_DESTROYED,
                                      CUPTI_ABI_GRAPHNODE_UPDATED, CUPTI_ABI_GRAPHNODE_PARAMETERS};
    bool ids = session.lib.get_graph_id && session.lib.get_graph_node_id;
    for (size_t i = 0; ids && i < sizeof graphs / sizeof graphs[0]; i++) {
        cupti_result rc =
            session.lib.enable_callback(1, session.subscriber, CUPTI_ABI_DOMAIN_RESOURCE, graphs[i]);
        session.tells_updates = rc == CUPTI_ABI_SUCCESS && session.lib.version >= CUPTI_VERSION_FIRST_13;
    }
    session.lib.enable_callback(1, session.subscriber, CUPTI_ABI_DOMAIN_RESOURCE, CUPTI_ABI_CONTEXT_CREATED);
    session.lib.enable_callback(1, session.subscriber, CUPTI_ABI_DOMAIN_RESOURCE,
                                CUPTI_ABI_MODULE_UNLOAD_STARTING);
    for (uint32_t cbid = 0; cbid < CBID_END; cbid++) {
        if (session.lasting[cbid]) {
            session.lib.enable_callback(1, session.subscriber, CUPTI_ABI_DOMAIN_DRIVER_API, cbid);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (session.profiler[i] && session.hooks.profiler) {
            session.lib.enable_callback(1, session.subscriber, CUPTI_ABI_DOMAIN_DRIVER_API,
                                        session.profiler[i]);
        }
    }
}

static uint64_t cupti_clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static cupti_result switch_records(bool on) {
    cupti_result first = CUPTI_ABI_SUCCESS;
    if (!on && atomic_load(&session.epoch) % 2 == 1) {
        atomic_fetch_add(&session.epoch, 1);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        cupti_result rc = on ? session.lib.activity_enable(activity_kinds[i])
                             : session.lib.activity_disable(activity_kinds[i]);
        first = first ? first : rc;
    }
    if (on && atomic_load(&session.epoch) % 2 == 0) {
        atomic_fetch_add(&session.epoch, 1);
    }
    return first;
}

static void flush_records(uint32_t flag) {
    unsigned issued = atomic_load(&session.issued);
    session.lib.flush_all(flag);
    atomic_store(&session.flushed, issued);
}

/* Waits until the records of all graph launches have arrived. CUPTI creates them when the GPU is idle. Requesting them
 * does not disturb a stream capture, which waiting for the device would end. */
static bool flush_graph_launches(uint64_t patience) {
    uint64_t begin = cupti_clock_ns(CLOCK_MONOTONIC);
    bool waited = cupti_graph_launches_pending();
    flush_records(0);
    while (cupti_graph_launches_pending() && cupti_clock_ns(CLOCK_MONOTONIC) - begin < patience) {
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
        flush_records(0);
    }
    bool delivered = !cupti_graph_launches_pending();
    if (waited && delivered) {
        flush_records(0); /* the first records of a launch may have arrived without the others */
    }
    return delivered;
}

static void await_graph_launches(void) {
    if (cupti_graph_launches_any()) {
        uint64_t patience = session.patience_ns ? session.patience_ns : PATIENCE_NS;
        session.patience_ns = PATIENCE_NS;
        if (!flush_graph_launches(patience)) {
            session.patience_ns = patience / 4 > LEAST_PATIENCE_NS ? patience / 4 : LEAST_PATIENCE_NS;
        }
    }
    cupti_graph_launches_close(atomic_load(&session.latest));
}

static cupti_result switch_callbacks(bool on) {
    cupti_result first = CUPTI_ABI_SUCCESS;
    if (session.all_calls) {
        cupti_result rc = session.lib.enable_domain(on, session.subscriber, CUPTI_ABI_DOMAIN_RUNTIME_API);
        first = first ? first : rc;
        rc = session.lib.enable_domain(on, session.subscriber, CUPTI_ABI_DOMAIN_DRIVER_API);
        return first ? first : rc;
    }
    for (size_t i = 0; i < session.cbid_count; i++) {
        cupti_result rc = session.lib.enable_callback(on, session.subscriber, CUPTI_ABI_DOMAIN_DRIVER_API,
                                                      session.cbids[i]);
        first = first ? first : rc;
    }
    return first;
}

/* Records are enabled only while callbacks are: other threads launch meanwhile, and a kernel without its launch is worth
 * less than a launch without its kernel. While graph launches are awaited, callbacks report another launch that would
 * overwrite their times. */
static cupti_result switch_all(bool on) {
    cupti_result first, second;
    if (on) {
        cupti_graph_launches_open(session.hooks.now());
        first = switch_callbacks(true);
        second = switch_records(true);
    } else {
        first = switch_records(false);
        await_graph_launches();
        second = switch_callbacks(false);
    }
    return first ? first : second;
}

static const char *refusal_of_cupti(cupti_result rc) {
    static char text[160];
    const char *name = NULL;
    if (rc == CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS) {
        session.held = true;
        return "another tool uses CUPTI (nsys, torch.profiler?)";
    }
    session.lib.get_result_string(rc, &name);
    snprintf(text, sizeof text, "CUPTI refuses with %s (%d)", name ? name : "an unknown error", rc);
    return text;
}

bool cupti_session_is_held(void) {
    return session.held;
}

const char *cupti_session_start(const cupti_hooks *hooks, const char *library, bool all_calls) {
    const char *problem = cupti_library_open(&session.lib, library);
    if (problem) {
        return problem;
    }
    session.hooks = *hooks;
    session.all_calls = all_calls;
    session.begin = hooks->now();
    cupti_result rc = session.lib.subscribe(&session.subscriber, on_callback, NULL);
    if (rc != CUPTI_ABI_SUCCESS) {
        return refusal_of_cupti(rc);
    }
    if (!session.lib.register_timestamp) {
        session.lib.unsubscribe(session.subscriber);
        return "libcupti cannot use the trace's clock (older than CUDA 11.6)";
    }
    atomic_store(&session.subscribed, true);
    cupti_names_init(&(cupti_names_hooks){.keep = hooks->keep_name, .allocate = hooks->allocate});
    cupti_graph_nodes_init(&(cupti_graph_nodes_hooks){
        .library = &session.lib, .graph = hooks->graph, .allocate = hooks->allocate});
    keep_buffers();
    find_callbacks();
    enable_lasting_callbacks();
    atomic_store(&session.active, true);
    return NULL;
}

/* The first time only: what is registered and enabled here slows down launches permanently. */
static cupti_result touch_cupti(void) {
    cupti_result rc = session.lib.register_timestamp(session.hooks.now);
    atomic_store(&session.touched, true);
    return rc ? rc : session.lib.register_buffers(on_buffer_requested, on_buffer_completed);
}

const char *cupti_session_profile(bool on) {
    if (!atomic_load(&session.active) || atomic_exchange(&session.profiling, on) == on) {
        return NULL;
    }
    cupti_result rc = atomic_load(&session.touched) ? CUPTI_ABI_SUCCESS : touch_cupti();
    rc = rc ? rc : switch_all(on);
    if (on && rc != CUPTI_ABI_SUCCESS) {
        atomic_store(&session.active, false);
        return refusal_of_cupti(rc);
    }
    if (session.all_calls) {
        enable_lasting_callbacks(); /* the driver callbacks were disabled with all others */
    }
    return NULL;
}

bool cupti_session_take(cupti_buffer *buffer) {
    lock_pool();
    bool any = session.done_count > 0;
    if (any) {
        *buffer = session.done[session.done_first];
        session.done_first = (session.done_first + 1) % BUFFER_COUNT;
        session.done_count--;
    }
    unlock_pool();
    return any;
}

void cupti_session_return(const cupti_buffer *buffer) {
    lock_pool();
    session.idle[session.idle_count++] = *buffer;
    unlock_pool();
}

bool cupti_session_next(const cupti_buffer *buffer, void **record) {
    return session.lib.get_next_record(buffer->bytes, buffer->valid, record) == CUPTI_ABI_SUCCESS;
}

void cupti_session_flush(bool forced) {
    if (atomic_load(&session.active) && atomic_load(&session.touched)) {
        flush_records(forced ? CUPTI_ABI_FLUSH_FORCED : 0);
    }
}

void cupti_session_deliver(void) {
    if (atomic_load(&session.active) && atomic_load(&session.touched)) {
        flush_graph_launches(PATIENCE_NS);
    }
}

bool cupti_session_undelivered(void) {
    return atomic_load(&session.subscribed) && atomic_load(&session.issued) != atomic_load(&session.flushed);
}

/* CUPTI's own clock, for the next user of CUPTI. */
static uint64_t default_cupti_clock(void) {
    return cupti_clock_ns(CLOCK_REALTIME);
}

void cupti_session_close(void) {
    atomic_store(&session.active, false);
}

void cupti_session_finish(void) {
    if (!atomic_exchange(&session.subscribed, false)) {
        return;
    }
    if (atomic_load(&session.touched)) {
        /* Disabled first: a buffer that another thread's launch requested after the flush would be delivered to the next
         * user of CUPTI. */
        switch_all(false);
        flush_records(CUPTI_ABI_FLUSH_FORCED);
        count_dropped(NULL, 0); /* since the last buffer was returned */
        session.lib.register_timestamp(default_cupti_clock);
    }
    session.lib.unsubscribe(session.subscriber);
}

void cupti_session_forget(bool cuda_used) {
    atomic_store(&session.active, false);
    if (cuda_used) {
        atomic_store(&session.subscribed, false);
    }
    atomic_store(&session.profiling, false);
    atomic_store(&session.touched, false);
    atomic_store(&session.epoch, 0);
    atomic_store(&session.flushed, atomic_load(&session.issued));
    cupti_graph_launches_forget();
    cupti_names_forget();
    pthread_mutex_init(&session.lock, NULL);
    locked = 0;
    session.done_count = 0;
}

void cupti_session_missed(void) {
    atomic_fetch_add(&session.dropped_records, 1);
}

uint64_t cupti_session_begin(void) {
    return session.begin;
}

bool cupti_session_active(void) {
    return atomic_load(&session.active);
}

cupti_counts cupti_session_counts(void) {
    return (cupti_counts){.dropped_records = atomic_load(&session.dropped_records),
                          .refused_buffers = atomic_load(&session.refused_buffers),
                          .buffers = atomic_load(&session.buffers)};
}

const cupti_library *cupti_session_library(void) {
    return &session.lib;
}
