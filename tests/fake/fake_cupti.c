/* libcupti.so.13 over the fake driver: the subscription and the callbacks. It delivers nothing that was not
 * enabled and allows one subscriber at a time. FAKE_CUPTI_FAULT is a list of what goes wrong:
 *   subscribe-39, subscribe-35   the subscription is refused with that error
 *   slow-start                   subscribing takes 50 ms, as the start of the real one does
 *   enable, callbacks, clock     activity kinds, callbacks or the timestamp function are refused
 *   waits                        switching callbacks waits for those that other threads are in
 * and those of fake_cupti_activity.c. Built with FAKE_CUPTI_OLD it lacks the optional functions, with
 * FAKE_CUPTI_ANCIENT also a required one. */
#include "tests/fake/fake_cupti.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLBACKS 808u /* CUDA 13.0's driver has so many, less some that are no more */
#define HOLE_FROM 600u
#define HOLE_TO   630u

typedef struct {
    cupti_callback callback;
    void *userdata;
} subscription;

static struct {
    _Atomic(subscription *) current; /* what was current once stays allocated: a callback may be under way */
    atomic_bool closed;
    _Atomic(pid_t) owner;
    atomic_bool enabled[CUPTI_ABI_DOMAIN_RESOURCE + 1][CALLBACKS];
    atomic_uint in_callbacks; /* threads that are in one */
} state;

static __thread unsigned in_callback; /* of this thread */
__thread bool fake_cupti_in_unload;

static const char *faults; /* NULL: all goes well */
static uint32_t version = 130001;

__attribute__((constructor)) static void read_faults(void) {
    const char *other = getenv("FAKE_CUPTI_VERSION");
    faults = getenv("FAKE_CUPTI_FAULT");
    version = other ? (uint32_t)strtoul(other, NULL, 10) : version;
}

uint32_t fake_cupti_version(void) {
    return version;
}

bool fake_cupti_fault(const char *name) {
    const char *list = faults;
    size_t len = strlen(name);
    while (list && *list) {
        size_t part = strcspn(list, ",");
        if (part == len && strncmp(list, name, len) == 0) {
            return true;
        }
        list += part + (list[part] == ',');
    }
    return false;
}

void fake_cupti_violation(const char *what) {
    const char *path = getenv("FAKE_CUPTI_LOG");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        dprintf(fd, "%s\n", what);
        close(fd);
    }
}

bool fake_cupti_alive(void) {
    return !atomic_load(&state.closed) && atomic_load(&state.owner) == getpid();
}

void fake_cupti_close(void) {
    atomic_store(&state.closed, true);
}

/* ---- names ---- */

typedef struct {
    uint32_t cbid;
    const char *name;
} known_name;

#define DRIVER_NAME(name, cbid, parameters)        {cbid, #name},
#define RUNTIME_NAME(name, cbid, parameters, body) {cbid, #name},
static const known_name driver_names[] = {FAKE_DRIVER_CALLS(DRIVER_NAME)};
static const known_name runtime_names[] = {FAKE_RUNTIME_CALLS(RUNTIME_NAME)};

/* The names of other calls: distinct, and nothing that issues work. */
static const char *other_name(uint32_t cbid) {
    static char names[CALLBACKS][20];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    snprintf(names[cbid], sizeof names[cbid], "cuUnrelated%u", cbid);
    pthread_mutex_unlock(&lock);
    return names[cbid];
}

static const char *find_name(const known_name *list, size_t count, uint32_t cbid) {
    for (size_t i = 0; i < count; i++) {
        if (list[i].cbid == cbid) {
            return list[i].name;
        }
    }
    return NULL;
}

cupti_result cuptiGetCallbackName(int domain, uint32_t cbid, const char **name) {
    if (cbid == 0 || cbid >= CALLBACKS || (cbid >= HOLE_FROM && cbid < HOLE_TO) || !name) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    *name = domain == FAKE_DOMAIN_DRIVER
                ? find_name(driver_names, sizeof driver_names / sizeof driver_names[0], cbid)
                : find_name(runtime_names, sizeof runtime_names / sizeof runtime_names[0], cbid);
    if (!*name) {
        *name = other_name(cbid);
    }
    return CUPTI_ABI_SUCCESS;
}

/* ---- subscription ---- */

static void call_back(int domain, uint32_t cbid, const void *data) {
    const subscription *s = atomic_load(&state.current);
    if (s) {
        atomic_fetch_add(&state.in_callbacks, in_callback++ == 0);
        s->callback(s->userdata, domain, cbid, data);
        atomic_fetch_sub(&state.in_callbacks, --in_callback == 0);
    }
}

/* With the fault `waits` a switch comes into force when no other thread is in a callback. */
static void wait_for_callbacks(void) {
    for (int ms = 0; fake_cupti_fault("waits") && atomic_load(&state.in_callbacks) > (in_callback > 0);
         ms++) {
        if (ms == 5000) {
            fake_cupti_violation("a callback waits for what waits for its end");
            return;
        }
        usleep(1000);
    }
}

/* Runs on the calling thread, inside the call. */
static void on_call(int domain, uint32_t cbid, const char *name, int leaving, uint32_t correlation,
                    int *result) {
    static __thread uint64_t correlation_data[3];
    const subscription *s = atomic_load(&state.current);
    if (cbid >= CALLBACKS || !atomic_load_explicit(&state.enabled[domain][cbid], memory_order_relaxed) ||
        !s || !fake_cupti_alive()) {
        return;
    }
    fake_cupti_saw(correlation);
    cupti_callback_data data = {
        .site = leaving ? CUPTI_ABI_SITE_EXIT : CUPTI_ABI_SITE_ENTER,
        .function_name = name,
        .function_return = result,
        .function_params = domain == FAKE_DOMAIN_DRIVER ? fake_cuda_parameters() : NULL,
        .symbol_name = domain == FAKE_DOMAIN_DRIVER ? fake_cuda_launched_name() : NULL,
        .context = &state,
        .context_uid = 1,
        .correlation_data = &correlation_data[domain],
        .correlation = correlation};
    call_back(domain, cbid, &data);
}

/* A graph's id serves as its handle here, that of a node is its first id. */
static void on_graph(fake_graph_event event, uint32_t graph, uint64_t node, uint64_t original) {
    static const uint32_t cbids[] = {[FAKE_GRAPH_MADE] = CUPTI_ABI_GRAPH_CREATED,
                                     [FAKE_NODE_MADE] = CUPTI_ABI_GRAPHNODE_CREATED,
                                     [FAKE_NODE_CLONED] = CUPTI_ABI_GRAPHNODE_CLONED,
                                     [FAKE_NODE_GONE] = CUPTI_ABI_GRAPHNODE_DESTROYED,
                                     [FAKE_NODE_UPDATED] = CUPTI_ABI_GRAPHNODE_UPDATED,
                                     [FAKE_NODE_PARAMETERS] = CUPTI_ABI_GRAPHNODE_PARAMETERS};
    const subscription *s = atomic_load(&state.current);
    if (!atomic_load(&state.enabled[CUPTI_ABI_DOMAIN_RESOURCE][cbids[event]]) || !s || !fake_cupti_alive()) {
        return;
    }
    cupti_graph_data of_graph = {.graph = (void *)(uintptr_t)graph,
                                 .node = (void *)(uintptr_t)node,
                                 .original_node = (void *)(uintptr_t)original};
    cupti_resource_data data = {.descriptor = &of_graph};
    call_back(CUPTI_ABI_DOMAIN_RESOURCE, cbids[event], &data);
}

static void on_context(void) {
    const subscription *s = atomic_load(&state.current);
    if (atomic_load(&state.enabled[CUPTI_ABI_DOMAIN_RESOURCE][CUPTI_ABI_CONTEXT_CREATED]) && s) {
        cupti_resource_data data = {.context = &state};
        call_back(CUPTI_ABI_DOMAIN_RESOURCE, CUPTI_ABI_CONTEXT_CREATED, &data);
    }
}

/* In callbacks of the driver's calls graphs are the driver's own. */
cupti_result cuptiGetGraphId(void *graph, uint32_t *id) {
    if (!graph) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    *id = (uintptr_t)graph >> 32 ? fake_cuda_graph_id(graph) : (uint32_t)(uintptr_t)graph;
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiGetGraphNodeId(void *node, uint64_t *id) {
    if (!node) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    *id = fake_cuda_node_id((uintptr_t)node);
    return CUPTI_ABI_SUCCESS;
}

static void on_unload(void) {
    const subscription *s = atomic_load(&state.current);
    if (atomic_load(&state.enabled[CUPTI_ABI_DOMAIN_RESOURCE][CUPTI_ABI_MODULE_UNLOAD_STARTING]) && s &&
        fake_cupti_alive()) {
        cupti_resource_data data = {.context = &state};
        fake_cupti_in_unload = true;
        call_back(CUPTI_ABI_DOMAIN_RESOURCE, CUPTI_ABI_MODULE_UNLOAD_STARTING, &data);
        fake_cupti_in_unload = false;
    }
}

static const fake_observer observer = {.graph = on_graph,
                                       .unload = on_unload,
                                       .context = on_context,
                                       .call = on_call,
                                       .work = fake_cupti_work,
                                       .closing = fake_cupti_closing};

void fake_cupti_begin(void) {
    atomic_store(&state.owner, getpid());
    fake_cuda_observe(&observer);
}

cupti_result cuptiSubscribe(cupti_subscriber *subscriber, cupti_callback callback, void *userdata) {
    if (fake_cupti_fault("slow-start")) {
        usleep(50000);
    }
    if (fake_cupti_fault("subscribe-39")) {
        return CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS;
    }
    if (fake_cupti_fault("subscribe-35")) {
        return CUPTI_ABI_ERROR_INSUFFICIENT_PRIVILEGES;
    }
    subscription *s = malloc(sizeof *s), *nobody = NULL;
    *s = (subscription){callback, userdata};
    if (!atomic_compare_exchange_strong(&state.current, &nobody, s)) {
        free(s);
        return CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS;
    }
    *subscriber = s;
    fake_cupti_begin();
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiUnsubscribe(cupti_subscriber subscriber) {
    if (atomic_load(&state.closed)) {
        fake_cupti_violation("cuptiUnsubscribe after the driver has ended");
    }
    if (!subscriber || subscriber != atomic_load(&state.current)) {
        fake_cupti_violation("cuptiUnsubscribe of what is no subscriber");
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    for (uint32_t cbid = 0; cbid < CALLBACKS; cbid++) {
        atomic_store(&state.enabled[FAKE_DOMAIN_DRIVER][cbid], false);
        atomic_store(&state.enabled[FAKE_DOMAIN_RUNTIME][cbid], false);
        atomic_store(&state.enabled[CUPTI_ABI_DOMAIN_RESOURCE][cbid], false);
    }
    atomic_store(&state.current, NULL);
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiEnableCallback(uint32_t enable, cupti_subscriber subscriber, int domain, uint32_t cbid) {
    static atomic_bool was_disabled;
    if (fake_cupti_fault("callbacks") || (enable && fake_cupti_fault("late") && atomic_load(&was_disabled))) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    atomic_store(&was_disabled, atomic_load(&was_disabled) || !enable);
    if (!subscriber || subscriber != atomic_load(&state.current) || cbid >= CALLBACKS ||
        (domain != FAKE_DOMAIN_DRIVER && domain != FAKE_DOMAIN_RUNTIME &&
         domain != CUPTI_ABI_DOMAIN_RESOURCE)) {
        fake_cupti_violation("cuptiEnableCallback with a parameter that is none");
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (domain == CUPTI_ABI_DOMAIN_RESOURCE && cbid >= CUPTI_ABI_GRAPHNODE_UPDATED && version < 130000) {
        return FAKE_CUPTI_ERROR_INVALID_PARAMETER;
    }
    wait_for_callbacks();
    atomic_store(&state.enabled[domain][cbid], enable != 0);
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiEnableDomain(uint32_t enable, cupti_subscriber subscriber, int domain) {
    cupti_result rc = CUPTI_ABI_SUCCESS;
    for (uint32_t cbid = 1; rc == CUPTI_ABI_SUCCESS && cbid < CALLBACKS; cbid++) {
        rc = cuptiEnableCallback(enable, subscriber, domain, cbid);
    }
    return rc;
}

cupti_result cuptiGetVersion(uint32_t *to) {
    *to = version;
    return CUPTI_ABI_SUCCESS;
}

cupti_result cuptiGetResultString(cupti_result result, const char **text) {
    switch (result) {
    case CUPTI_ABI_SUCCESS:
        *text = "CUPTI_SUCCESS";
        break;
    case CUPTI_ABI_ERROR_INSUFFICIENT_PRIVILEGES:
        *text = "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES";
        break;
    case CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS:
        *text = "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED";
        break;
    case FAKE_CUPTI_ERROR_INVALID_KIND:
        *text = "CUPTI_ERROR_INVALID_KIND";
        break;
    default:
        *text = "CUPTI_ERROR_UNKNOWN";
    }
    return CUPTI_ABI_SUCCESS;
}
