/* Decode steps as CUDA graphs: captured once from the operators of libtorch, then launched whole.
 *
 * A graph keeps the addresses that its operators used, so the memory behind them must not be used otherwise while
 * the graph lives. Buffers and views are made beforehand and outlive the graphs. That leaves temporaries:
 * those that operators give back and those inside them. libtorch has private pools for its own graphs, but no
 * C function opens one. What stands in for a pool is a rule of its caching allocator: memory is tied to the
 * stream that was current when it was allocated, and once freed serves that stream only. So steps are run and
 * captured on a stream of our own, where nothing else runs and no tensor that outlives a step is allocated.
 * Steps, and graphs, follow one another on it, so that they may share temporaries. There is one exception:
 * before the allocator gives up for want of memory it returns what it has cached to the device. It does not
 * come to that while graphs live: they are captured after a whole vision and prefill, so that later requests,
 * of the same shapes, find their memory cached, and are destroyed before the next k allocates.
 *
 * For the same reason a capture finds the memory that it needs: the step that ran just before left its
 * temporaries to be taken.
 *
 * Errors are sticky, as those of operators are (native_torch_check). */
#ifndef NATIVE_GRAPH_H
#define NATIVE_GRAPH_H

#include "native/torch.h"

/* X(name, arguments): of the CUDA runtime (12 and later) that libtorch_cuda.so loads. Each returns 0 for
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
    void *stream;       /* ours: no other work runs on it, and it does not wait for the default stream */
    native_guard guard; /* while that stream is the current one */
    bool capturing;
    int64_t count;
    void **ready; /* [count]: graphs to launch; NULL: not captured */
} native_graphs;

/* Finds the functions, makes the stream, and room for `count` graphs. On failure: false, the function
 * named. */
bool native_graphs_open(native_graphs *graphs, native_torch *torch, int64_t count, native_error *error);
void native_graphs_close(native_graphs *graphs);

/* Destroys all graphs; there may be new ones. Nothing if not open. */
void native_graphs_clear(native_graphs *graphs);

/* Makes the graphs' stream the current one, and the one before again. What ran on the other must be done. */
void native_graphs_enter(native_graphs *graphs);
void native_graphs_leave(native_graphs *graphs);

/* Between the two, operators are recorded as graph `index` and not run. They must wait for nothing. */
void native_graphs_begin(native_graphs *graphs);
void native_graphs_end(native_graphs *graphs, int64_t index);

bool native_graphs_has(const native_graphs *graphs, int64_t index);

/* Launches graph `index`; the call may return before it has run. */
void native_graphs_launch(native_graphs *graphs, int64_t index);

#endif
