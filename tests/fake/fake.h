/* A CUDA for machines with no GPU: what its three libraries (driver, runtime, CUPTI) and the test programs
 * agree on. Streams are time lines on CLOCK_MONOTONIC: work starts when what was before it on its stream has
 * ended, lasts as long as it says, and whoever synchronises really waits. Only the tests use any of this. */
#ifndef TESTS_FAKE_FAKE_H
#define TESTS_FAKE_FAKE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define FAKE_EXPORT __attribute__((visibility("default")))

#define FAKE_LAUNCH_DELAY_NS  2000u /* from the call to the earliest start of its work */
#define FAKE_COPY_NS          3000u
#define FAKE_DEFAULT_STREAM   7u    /* the number that CUPTI gives the legacy default stream */
#define FAKE_STREAM_DEPTH     1024u /* a launch waits when so many are in flight on its stream */
#define FAKE_ERROR_NOT_INIT   3
#define FAKE_ERROR_INVALID    1
#define FAKE_ERROR_NO_MEMORY  2
#define FAKE_ERROR_NO_DEVICE  100
#define FAKE_MODULE_KERNEL_NS 200000u /* of a kernel from a PTX text */

/* What a pointer to a kernel, or a CUfunction, points to. */
typedef struct {
    const char *name; /* mangled */
    uint32_t duration_ns;
    uint32_t registers, static_shared;
} fake_kernel;

/* FAKE_CHILD and FAKE_LOOP: nodes of graphs, with a graph in them. */
typedef enum { FAKE_KERNEL, FAKE_COPY, FAKE_FILL, FAKE_CHILD, FAKE_LOOP } fake_work_kind;

/* One piece of GPU work, as it is issued. */
typedef struct {
    fake_work_kind kind;
    uint32_t correlation, device, stream, graph; /* a device's context has the number behind its own */
    uint64_t node;
    uint64_t start, end; /* on CLOCK_MONOTONIC; known when it is issued */
    const fake_kernel *kernel;
    const char *name; /* of the kernel, as CUPTI has it */
    uint32_t grid[3], block[3], cluster[3], dynamic_shared;
    uint64_t bytes;
    uint32_t value;
    uint8_t copy_kind, is_async;
    void *inner;       /* of nodes: the graph in it */
    uint64_t original; /* the node that it was cloned from */
    unsigned turns;    /* of a loop */
} fake_work;

enum { FAKE_DOMAIN_DRIVER = 1, FAKE_DOMAIN_RUNTIME = 2 };

typedef enum {
    FAKE_GRAPH_MADE,
    FAKE_NODE_MADE,
    FAKE_NODE_CLONED,
    FAKE_NODE_GONE,
    FAKE_NODE_UPDATED, /* does from now on what another does: `node` is the other one, `original` the one that changed */
    FAKE_NODE_PARAMETERS /* `original` is the node from which it was cloned */
} fake_graph_event;

/* What CUPTI is told. Both are called on the thread that makes the call, with no lock held. */
typedef struct {
    void (*call)(int domain, uint32_t cbid, const char *name, int leaving, uint32_t correlation, int *result);
    void (*work)(const fake_work *work);
    /* `node` and `original` are handles. */
    void (*graph)(fake_graph_event event, uint32_t graph, uint64_t node, uint64_t original);
    void (*context)(void); /* a context was made */
    void (*unload)(void);  /* a module is about to be unloaded */
    void (*closing)(void); /* the driver's own exit handler runs: nothing can be delivered any more */
} fake_observer;

/* The driver's doors for the other two libraries. */
FAKE_EXPORT void fake_cuda_observe(const fake_observer *observer); /* NULL ends it */
/* Each runtime call has a correlation id, which its driver calls share; one inside another has its own.
 * Returns that of the call around, for the leave. */
FAKE_EXPORT uint32_t fake_cuda_runtime_enter(uint32_t cbid, const char *name);
FAKE_EXPORT void fake_cuda_runtime_leave(uint32_t cbid, const char *name, int *result, uint32_t around);

/* The name of the kernel that this thread is launching; NULL outside of launches. */
FAKE_EXPORT const char *fake_cuda_launched_name(void);
/* The ids of a graph and of a node by their handles. A node's handle is the id that it had first. */
FAKE_EXPORT uint32_t fake_cuda_graph_id(const void *graph);
FAKE_EXPORT uint64_t fake_cuda_node_id(uint64_t handle);
/* What the graph call was given that this thread is making; NULL outside of them. */
FAKE_EXPORT const void *fake_cuda_parameters(void);
/* For the driver's other file: a module goes. */
void fake_cuda_unloads(void);

/* For a signal handler that is about to jump: whether it interrupted a wait of this thread, and may; the wait
 * is over then. */
FAKE_EXPORT int fake_cuda_leave_wait(void);

static inline uint64_t fake_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
