/* Decode steps as CUDA graphs: captured once from libtorch's operators, then launched as a whole.
 *
 * A graph contains the addresses that its operators used, so that memory must not be reused while the graph exists. Buffers
 * and views are allocated in advance and outlive the graphs. Temporaries (results of operators, and their workspaces) need
 * care: libtorch has private memory pools for its own graphs, but its C API does not expose them. Instead, this relies on
 * libtorch's caching allocator: freed memory is reused only on the stream on which it was allocated. Steps run, and are
 * captured, on a separate stream that nothing else uses and on which no tensor that outlives a step is allocated. Steps
 * and graphs on it are serialised, so they may share temporaries. One exception: before an allocation fails, the allocator
 * returns cached memory to the device. This does not happen while graphs exist: they are captured after a complete vision
 * and prefill, so later requests, which have the same shapes, find their memory in the cache, and graphs are destroyed
 * before the next k allocates memory.
 *
 * A capture finds its memory in the cache, too: the preceding step has freed temporaries of the same sizes.
 *
 * Errors are sticky, like those of operators (native_torch_check). */
#ifndef NATIVE_GRAPH_H
#define NATIVE_GRAPH_H

#include "native/torch.h"

/* X(name, arguments): functions of the CUDA runtime (12 and later) that libtorch_cuda.so loads. All return 0 for
 * success. */
#define NATIVE_CUDA_GRAPH(X)                                                                                 \
    X(cudaStreamCreateWithFlags, (void **stream, unsigned flags))                                            \
    X(cudaStreamDestroy, (void *stream))                                                                     \
    X(cudaStreamBeginCapture, (void *stream, int mode))                                                      \
    X(cudaStreamEndCapture, (void *stream, void **graph))                                                    \
    X(cudaGraphGetNodes, (void *graph, void **nodes, size_t *count))                                         \
    X(cudaGraphInstantiateWithFlags, (void **ready, void *graph, unsigned long long flags))                  \
    X(cudaGraphDestroy, (void *graph))                                                                       \
    X(cudaGraphUpload, (void *ready, void *stream))                                                          \
    X(cudaGraphLaunch, (void *ready, void *stream))                                                          \
    X(cudaGraphExecDestroy, (void *ready))

typedef struct {
#define NATIVE_MEMBER(name, arguments) int(*name) arguments;
    NATIVE_CUDA_GRAPH(NATIVE_MEMBER)
#undef NATIVE_MEMBER
    const char *(*cudaGetErrorString)(int status);
} native_cuda_api;

typedef struct {
    native_torch *torch; /* NULL: not open */
    native_cuda_api api;
    void *stream;       /* the separate stream, which does not synchronise with the default stream */
    native_guard guard; /* set while that stream is the current one */
    bool capturing;
    int64_t count;
    void **ready; /* [count]: executable graphs; NULL: not captured */
} native_graphs;

/* Looks up the functions, creates the stream, and allocates entries for `count` graphs. On failure: false and the name of
 * the function. _close destroys all of it. */
bool native_graphs_open(native_graphs *graphs, native_torch *torch, int64_t count, native_error *error);
void native_graphs_close(native_graphs *graphs);

/* Destroys all graphs; new ones may be captured. No effect if not open. */
void native_graphs_clear(native_graphs *graphs);

/* Make the separate stream the current one, and restore the previous one. Work on the other stream must have finished. */
void native_graphs_enter(native_graphs *graphs);
void native_graphs_leave(native_graphs *graphs);

/* Operators between _begin and _end are captured as graph `index`, not executed. They must not synchronise. */
void native_graphs_begin(native_graphs *graphs);
void native_graphs_end(native_graphs *graphs, int64_t index);

/* Returns whether graph `index` was captured. */
bool native_graphs_has(const native_graphs *graphs, int64_t index);

/* Launches graph `index`; may return before the device has finished. */
void native_graphs_launch(native_graphs *graphs, int64_t index);

#endif
