/* CUDA graphs of the fake driver, for its other files. */
#ifndef TESTS_FAKE_FAKE_GRAPHS_H
#define TESTS_FAKE_FAKE_GRAPHS_H

#include "tests/fake/fake.h"

typedef struct fake_graph {
    struct fake_graph *next;  /* in the list of all */
    uint32_t id, count, made; /* made: nodes that had an id of it */
    fake_work *nodes;
} fake_graph;

/* A call of the driver, from its beginning to its end. */
typedef struct {
    uint32_t cbid, correlation;
    const char *name;
} fake_call;
fake_call fake_cuda_enter(uint32_t cbid, const char *name, void **parameters);
int fake_cuda_leave(const fake_call *c, int result);

const fake_observer *fake_cuda_observer(void);
/* Does the work on a stream; what has no correlation id has a time line of its own for CUPTI. */
void fake_cuda_issue(void *stream, fake_work *w);
/* The graph that the stream is captured into, or NULL. */
fake_graph **fake_cuda_capture(void *stream);

fake_graph *fake_graph_new(void);
void fake_graph_add(fake_graph *g, const fake_work *w);
void fake_graph_issue(const fake_graph *g, void *stream, uint32_t correlation);

#endif
