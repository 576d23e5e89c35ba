/* run_native's CUDA graphs over a runtime made of stubs: the order of calls, and what follows when each of
 * them fails.
 */
#include "native/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char calls[512];     /* a letter for each call, in order */
static const char *failing; /* the call that fails */
static size_t captured;     /* nodes of every graph */
static char stream_, graph_, ready_, guard_;

static int called(const char *letter) {
    strncat(calls, letter, sizeof calls - strlen(calls) - 1);
    return failing != NULL && strcmp(failing, letter) == 0 ? 901 : 0;
}

static int begin_capture(void *stream, int mode) {
    assert_ptr_equal(stream, &stream_);
    assert_int_equal(mode, 1);
    return called("B");
}

static int end_capture(void *stream, void **graph) {
    assert_ptr_equal(stream, &stream_);
    int status = called("E");
    *graph = status == 0 ? &graph_ : NULL;
    return status;
}

static int get_nodes(void *graph, void **nodes, size_t *count) {
    assert_ptr_equal(graph, &graph_);
    assert_null(nodes);
    *count = captured;
    return called("N");
}

static int instantiate(void **ready, void *graph, unsigned long long flags) {
    assert_ptr_equal(graph, &graph_);
    assert_true(flags == 0);
    int status = called("I");
    *ready = status == 0 ? &ready_ : NULL;
    return status;
}

static int destroy_graph(void *graph) {
    assert_ptr_equal(graph, &graph_);
    return called("g");
}

static int upload(void *ready, void *stream) {
    assert_ptr_equal(ready, &ready_);
    assert_ptr_equal(stream, &stream_);
    return called("U");
}

static int launch(void *ready, void *stream) {
    assert_ptr_equal(ready, &ready_);
    assert_ptr_equal(stream, &stream_);
    return called("L");
}

static int destroy_ready(void *ready) {
    assert_ptr_equal(ready, &ready_);
    return called("x");
}

static int destroy_stream(void *stream) {
    assert_ptr_equal(stream, &stream_);
    return called("s");
}

static const char *error_string(int status) {
    return status == 901 ? "operation failed due to a previous error during capture" : "no error";
}

static native_torch_status create_guard(void *stream, int32_t device_index, native_guard *out) {
    assert_ptr_equal(stream, &stream_);
    assert_int_equal(device_index, 0);
    *out = (native_guard)(void *)&guard_;
    return called("(");
}

static native_torch_status delete_guard(native_guard guard) {
    assert_ptr_equal(guard, &guard_);
    return called(")");
}

static native_torch torch_;

/* Graphs as native_graphs_open leaves them, with the call `fails` failing. */
static native_graphs open_stubs(const char *fails, size_t nodes) {
    native_graphs g;
    memset(&g, 0, sizeof g);
    memset(&torch_, 0, sizeof torch_);
    torch_.api.aoti_torch_create_cuda_stream_guard = create_guard;
    torch_.api.aoti_torch_delete_cuda_stream_guard = delete_guard;
    g.torch = &torch_;
    g.stream = &stream_;
    g.count = 2;
    g.ready = calloc(2, sizeof *g.ready);
    assert_non_null(g.ready);
    g.api = (native_cuda_api){.cudaStreamBeginCapture = begin_capture,
                              .cudaStreamEndCapture = end_capture,
                              .cudaGraphGetNodes = get_nodes,
                              .cudaGraphInstantiateWithFlags = instantiate,
                              .cudaGraphDestroy = destroy_graph,
                              .cudaGraphUpload = upload,
                              .cudaGraphLaunch = launch,
                              .cudaGraphExecDestroy = destroy_ready,
                              .cudaStreamDestroy = destroy_stream,
                              .cudaGetErrorString = error_string};
    calls[0] = '\0';
    failing = fails;
    captured = nodes;
    return g;
}

static void capture_all(native_graphs *g) {
    native_graphs_enter(g);
    for (int64_t i = 0; i < g->count; i++) {
        native_graphs_begin(g);
        native_graphs_end(g, i);
    }
    native_graphs_leave(g);
}

static void captures_and_replays(void **state) {
    (void)state;
    native_graphs g = open_stubs(NULL, 3);
    native_error e = {0};
    assert_false(native_graphs_has(&g, 0));
    capture_all(&g);
    assert_string_equal(calls, "(BENIUgBENIUg)");
    assert_true(native_graphs_has(&g, 0) && native_graphs_has(&g, 1));
    native_graphs_launch(&g, 0);
    native_graphs_launch(&g, 1);
    native_graphs_clear(&g);
    assert_false(native_graphs_has(&g, 0) || native_graphs_has(&g, 1));
    assert_string_equal(calls, "(BENIUgBENIUg)LLxx");
    native_graphs_close(&g);
    assert_string_equal(calls, "(BENIUgBENIUg)LLxxs");
    assert_true(native_torch_check(&torch_, &e));
    native_graphs_clear(&g); /* nothing, once closed */
    native_graphs_close(&g);
}

/* Each failure ends what was begun, is followed by no further work, and is told in one line. */
static void each_failure(void **state) {
    (void)state;
    static const struct {
        const char *fails, *calls, *says;
        size_t nodes;
    } cases[] = {
        {"(", "(", "libtorch's stream guard failed", 3},
        {"B", "(B)", "cudaStreamBeginCapture failed: CUDA error 901", 3},
        {"E", "(BE)", "cudaStreamEndCapture failed: CUDA error 901", 3},
        {"N", "(BENg)", "cudaGraphGetNodes failed", 3},
        {"I", "(BENIg)", "cudaGraphInstantiateWithFlags failed", 3},
        {"U", "(BENIUg)", "cudaGraphUpload failed", 3},
        {NULL, "(BENg)", "the graph is empty", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        native_graphs g = open_stubs(cases[i].fails, cases[i].nodes);
        native_error e = {0};
        capture_all(&g);
        native_graphs_launch(&g, 0);
        assert_string_equal(calls, cases[i].calls);
        assert_false(native_torch_check(&torch_, &e));
        assert_int_equal(e.status, NATIVE_EXIT_FAILED);
        assert_non_null(strstr(e.text, cases[i].says));
        assert_null(strchr(e.text, '\n'));
        native_graphs_close(&g);
    }
}

static void operator_that_fails_in_capture(void **state) {
    (void)state;
    native_graphs g = open_stubs("E", 3); /* CUDA fails the capture, too */
    native_error e = {0};
    native_graphs_enter(&g);
    native_graphs_begin(&g);
    torch_.failed_op = "aten::nonzero";
    snprintf(torch_.failed_why, sizeof torch_.failed_why, "CUDA error: operation not permitted");
    native_graphs_end(&g, 0);
    native_graphs_begin(&g); /* nothing is begun any more */
    native_graphs_end(&g, 1);
    native_graphs_leave(&g);
    assert_string_equal(calls, "(BE)");
    assert_false(native_torch_check(&torch_, &e));
    assert_string_equal(e.text,
                        "libtorch's aten::nonzero failed: CUDA error: operation not permitted (capturing a "
                        "decode step)");
    native_graphs_close(&g);
}

static void failing_launch(void **state) {
    (void)state;
    native_graphs g = open_stubs("L", 3);
    native_error e = {0};
    capture_all(&g);
    native_graphs_launch(&g, 0);
    native_graphs_launch(&g, 1);
    assert_string_equal(calls, "(BENIUgBENIUg)L");
    assert_false(native_torch_check(&torch_, &e));
    assert_non_null(strstr(e.text, "cudaGraphLaunch failed: CUDA error 901"));
    native_graphs_close(&g);
}

static void no_runtime(void **state) {
    (void)state;
    native_graphs g;
    native_error e = {0};
    memset(&torch_, 0, sizeof torch_);
    assert_false(native_graphs_open(&g, &torch_, 2, &e));
    assert_int_equal(e.status, NATIVE_EXIT_INPUT);
    assert_non_null(strstr(e.text, "has no cudaStreamCreateWithFlags"));
    native_graphs_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captures_and_replays),
        cmocka_unit_test(each_failure),
        cmocka_unit_test(operator_that_fails_in_capture),
        cmocka_unit_test(failing_launch),
        cmocka_unit_test(no_runtime),
    };
    return cmocka_run_group_tests_name("native graph", tests, NULL, NULL);
}
