/* The callables of the Python helper. Each is called with the GIL held, and writes to the stream of the calling thread. */
#include "preload/python_bridge.h"

#include "preload/nvtx.h"
#include "preload/profiling_state.h"
#include "preload/recorder_state.h"
#include "preload/warn_once.h"
#include "trace/settings.h"

#include <stddef.h>
#include <stdio.h>

/* Indices of one layer; further ones are not counted. */
#define EXPERTS_MAX 4096

/* Ranges that the helper has open on this thread: it never closes a range of the target. */
static __thread unsigned helper_depth;

static const preload_python *py; /* set before the callables are created, and constant afterwards */

static PyObject *python_none(void) {
    py->Py_IncRef(py->none);
    return py->none;
}

/* Argument i as a number; `otherwise` if it is missing. An invalid one sets a Python error. */
static long long number_argument(PyObject *const *args, Py_ssize_t count, Py_ssize_t i, long long otherwise) {
    return i < count ? py->PyLong_AsLongLong(args[i]) : otherwise;
}

static bool has_python_error(void) {
    return py->PyErr_Occurred() != NULL;
}

/* ---- ranges ---- */

/* name(text): returns its id, for push. */
static PyObject *bridge_name(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    const char *text = count == 1 ? py->PyUnicode_AsUTF8AndSize(args[0], NULL) : NULL;
    return has_python_error() ? NULL : py->PyLong_FromLongLong(preload_string_id(NULL, text));
}

static void open_helper_range(uint32_t name, uint32_t category, const int64_t *payload) {
    preload_nvtx_push(name, category, payload);
    helper_depth++;
}

/* push(name[, payload]) */
static PyObject *bridge_push(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    uint32_t name = (uint32_t)number_argument(args, count, 0, 0);
    int64_t payload = number_argument(args, count, 1, 0);
    if (has_python_error()) {
        return NULL;
    }
    open_helper_range(name, 0, count > 1 ? &payload : NULL);
    return python_none();
}

/* push_request(name): profiling may begin or end here, which takes milliseconds. Other Python threads run meanwhile. */
static PyObject *bridge_push_request(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    uint32_t name = (uint32_t)number_argument(args, count, 0, 0);
    if (has_python_error()) {
        return NULL;
    }
    void *thread = py->PyEval_SaveThread();
    open_helper_range(name, 0, NULL);
    py->PyEval_RestoreThread(thread);
    return python_none();
}

/* visit(name): opens a range and returns its number, which tokens_later takes. */
static PyObject *bridge_visit(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    static atomic_uint last;
    (void)self;
    uint32_t name = (uint32_t)number_argument(args, count, 0, 0);
    if (has_python_error()) {
        return NULL;
    }
    uint32_t visit = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    visit = visit ? visit : atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    open_helper_range(name, visit, NULL);
    return py->PyLong_FromLongLong(visit);
}

static void close_helper_range(void) {
    if (helper_depth > 0) {
        helper_depth--;
        preload_nvtx_pop();
    }
}

static PyObject *bridge_pop(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    close_helper_range();
    return python_none();
}

static PyObject *bridge_depth(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    return py->PyLong_FromLongLong(helper_depth);
}

/* restore(depth): closes the ranges above this depth that were left open for any reason. */
static PyObject *bridge_restore(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    long long depth = number_argument(args, count, 0, 0);
    while (!has_python_error() && (long long)helper_depth > depth) {
        close_helper_range();
    }
    return has_python_error() ? NULL : python_none();
}

/* In the child after fork, where no range is open. */
static PyObject *bridge_forked(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    helper_depth = 0;
    return python_none();
}

/* ---- tokens of experts ---- */

typedef struct {
    uint32_t tokens[EXPERTS_MAX];
    uint32_t experts; /* one more than the greatest index */
} expert_counts;

/* Counts `count` indices of `width` bytes at `at`. */
static void count_expert_indices(expert_counts *counts, const void *at, size_t count, int width) {
    *counts = (expert_counts){0};
    for (size_t i = 0; i < count; i++) {
        int64_t expert = width == 8 ? ((const int64_t *)at)[i] : ((const int32_t *)at)[i];
        if (expert >= 0 && expert < EXPERTS_MAX) {
            counts->tokens[expert]++;
            counts->experts = expert >= counts->experts ? (uint32_t)expert + 1 : counts->experts;
        }
    }
}

static uint32_t expert_name_id(uint32_t expert) {
    static atomic_uint ids[EXPERTS_MAX];
    uint32_t id = atomic_load_explicit(&ids[expert], memory_order_relaxed);
    if (id == 0) {
        char text[24];
        snprintf(text, sizeof text, "expert.%u", expert);
        id = preload_string_id(NULL, text);
        atomic_store_explicit(&ids[expert], id, memory_order_relaxed);
    }
    return id;
}

/* The tensor's memory: address, number of indices, bytes per index. */
static bool read_indices(expert_counts *counts, PyObject *const *args, Py_ssize_t count, Py_ssize_t first) {
    long long at = number_argument(args, count, first, 0), n = number_argument(args, count, first + 1, 0),
              width = number_argument(args, count, first + 2, 8);
    if (has_python_error()) {
        return false;
    }
    count_expert_indices(counts, (const void *)(uintptr_t)at, at && n > 0 ? (size_t)n : 0, (int)width);
    return true;
}

/* tokens(address, count, width): emits a range without duration for each expert that received tokens. */
static PyObject *bridge_tokens(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    expert_counts counts;
    (void)self;
    if (!read_indices(&counts, args, count, 0)) {
        return NULL;
    }
    for (uint32_t i = 0; i < counts.experts; i++) {
        int64_t tokens = counts.tokens[i];
        if (tokens > 0) {
            preload_nvtx_push(expert_name_id(i), 0, &tokens);
            preload_nvtx_pop();
        }
    }
    return python_none();
}

/* tokens_later(visit, address, count, width): the same as marks, for a visit that has ended. */
static PyObject *bridge_tokens_later(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    static atomic_uint domain, name;
    expert_counts counts;
    (void)self;
    uint32_t visit = (uint32_t)number_argument(args, count, 0, 0);
    if (has_python_error() || !read_indices(&counts, args, count, 1)) {
        return NULL;
    }
    uint32_t domain_id = preload_string_once(&domain, TRACE_PROFILING_DOMAIN);
    uint32_t name_id = preload_string_once(&name, TRACE_EXPERT_TOKENS);
    for (uint32_t i = 0; i < counts.experts; i++) {
        int64_t payload = (int64_t)((uint64_t)i << 32 | counts.tokens[i]);
        if (counts.tokens[i] > 0 && domain_id && name_id) {
            preload_nvtx_mark(domain_id, name_id, visit, &payload);
        }
    }
    return python_none();
}

/* ---- further calls ---- */

/* mark(text): a mark in the recorder's own domain. */
static PyObject *bridge_mark(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    static atomic_uint domain;
    (void)self;
    const char *text = count == 1 ? py->PyUnicode_AsUTF8AndSize(args[0], NULL) : NULL;
    uint32_t name = preload_string_id(NULL, text), id = preload_string_once(&domain, TRACE_PROFILING_DOMAIN);
    if (name && id) {
        preload_nvtx_mark(id, name, 0, NULL);
    }
    return has_python_error() ? NULL : python_none();
}

/* warn(text): one line on standard error and in the trace. */
static PyObject *bridge_warn(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    const char *text = count == 1 ? py->PyUnicode_AsUTF8AndSize(args[0], NULL) : NULL;
    if (text) {
        preload_warn_once("annotate", "%s", text);
    }
    return has_python_error() ? NULL : python_none();
}

static PyObject *bridge_profiling(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    return py->PyBool_FromLong(preload_profiling());
}

/* in_request(): whether a request or a phase of the target is open on this thread. */
static PyObject *bridge_in_request(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    const preload_thread *t = preload_recorder_thread();
    return py->PyBool_FromLong(t && (t->request_depth > 0 || t->phase_depth > 0));
}

/* ---- the dict ---- */

#define FASTCALL(name)                                                                                       \
    {                                                                                                        \
#name, (PyObject * (*)(PyObject *, PyObject *))(void (*)(void))bridge_##name, PYTHON_METH_FASTCALL,  \
            NULL                                                                                             \
    }
#define NOARGS(name)                                                                                         \
    { #name, bridge_##name, PYTHON_METH_NOARGS, NULL }

static PyMethodDef bridge_methods[] = {
    FASTCALL(name),         FASTCALL(push), NOARGS(pop),       FASTCALL(push_request), FASTCALL(visit),
    FASTCALL(tokens),       FASTCALL(mark), FASTCALL(restore), NOARGS(depth),          NOARGS(forked),
    FASTCALL(tokens_later), FASTCALL(warn), NOARGS(profiling), NOARGS(in_request),
};

/* Adds `value`, which may be NULL, to the dict. */
static bool put_in_dict(PyObject *dict, const char *key, PyObject *value) {
    bool good = value && py->PyDict_SetItemString(dict, key, value) == 0;
    if (value) {
        py->Py_DecRef(value);
    }
    return good;
}

PyObject *preload_python_bridge(const preload_python *python) {
    py = python;
    PyObject *dict = py->PyDict_New();
    bool good = dict != NULL;
    for (size_t i = 0; good && i < sizeof bridge_methods / sizeof *bridge_methods; i++) {
        good =
            put_in_dict(dict, bridge_methods[i].name, py->PyCFunction_NewEx(&bridge_methods[i], NULL, NULL));
    }
    const preload_settings *settings = preload_recorder_settings();
    good = good && put_in_dict(dict, "annotate", py->PyUnicode_FromString(settings->annotate));
    good = good && put_in_dict(dict, "level", py->PyUnicode_FromString(preload_level_name(settings->level)));
    if (!good && dict) {
        py->Py_DecRef(dict);
    }
    return good ? dict : NULL;
}
