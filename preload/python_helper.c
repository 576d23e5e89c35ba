/* See python_helper.h. Nothing here changes the program's behaviour: a failure is reported in one line, and the helper
 * does not run. */
#include "preload/python_helper.h"

#include "preload/python_bridge.h"
#include "preload/recorder_state.h"
#include "preload/warn_once.h"

#include <stdatomic.h>
#include <string.h>

/* The helper's files: names and texts alternately, each NUL-terminated; the first file starts the others, and an empty
 * name ends the list. */
extern const char preload_python_sources[] __attribute__((visibility("hidden")));

static void say_python_error(const preload_python *py, const char *what) {
    PyObject *type = NULL, *value = NULL, *trace = NULL;
    py->PyErr_Fetch(&type, &value, &trace);
    PyObject *text = value ? py->PyObject_Str(value) : NULL;
    const char *bytes = text ? py->PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    preload_warn_once("annotate", "%s: %.300s; Python modules get no ranges", what,
                      bytes ? bytes : "no reason is known");
    py->PyErr_Clear();
    PyObject *const all[] = {type, value, trace, text};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]) {
            py->Py_DecRef(all[i]);
        }
    }
}

/* Returns a dict of the helper's files by name, without the first. NULL with a Python error set. */
static PyObject *make_source_dict(const preload_python *py, const char *at) {
    PyObject *sources = py->PyDict_New();
    while (sources && *at) {
        const char *text = at + strlen(at) + 1;
        PyObject *value = py->PyUnicode_FromString(text);
        int rc = value ? py->PyDict_SetItemString(sources, at, value) : -1;
        if (value) {
            py->Py_DecRef(value);
        }
        if (rc != 0) {
            py->Py_DecRef(sources);
            return NULL;
        }
        at = text + strlen(text) + 1;
    }
    return sources;
}

/* Runs the first file with the others and the callables as its globals. Returns false with a Python error set. */
static bool run_start(const preload_python *py) {
    const char *text = preload_python_sources + strlen(preload_python_sources) + 1;
    PyObject *globals = py->PyDict_New(), *native = preload_python_bridge(py),
             *sources = make_source_dict(py, text + strlen(text) + 1);
    PyObject *code = globals && native && sources
                         ? py->Py_CompileString(text, "<moetrace>/start.py", PYTHON_FILE_INPUT)
                         : NULL;
    bool good = code && py->PyDict_SetItemString(globals, "__builtins__", py->PyEval_GetBuiltins()) == 0 &&
                py->PyDict_SetItemString(globals, "native", native) == 0 &&
                py->PyDict_SetItemString(globals, "sources", sources) == 0;
    PyObject *result = good ? py->PyEval_EvalCode(code, globals, globals) : NULL;
    PyObject *const all[] = {globals, native, sources, code, result};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]) {
            py->Py_DecRef(all[i]);
        }
    }
    return result != NULL;
}

/* The interpreter calls this in its main thread, between two instructions. -1 passes on an exception that is not the
 * helper's own, such as KeyboardInterrupt. */
static int start_helper(void *unused) {
    (void)unused;
    const preload_python *py = preload_python_interpreter();
    if (!py || py->PyInterpreterState_GetID(py->PyInterpreterState_Get()) != 0 ||
        preload_recorder_stopped()) {
        return 0; /* subinterpreters have their own threads and modules */
    }
    if (run_start(py)) {
        return 0;
    }
    if (!py->PyErr_ExceptionMatches(*py->exception)) {
        return -1;
    }
    say_python_error(py, "the helper for Python did not start");
    return 0;
}

static bool is_of_torch(const char *name) {
    return strncmp(name, "TORCH", 5) == 0 || strncmp(name, "PYTORCH", 7) == 0 ||
           strncmp(name, "C10_", 4) == 0;
}

void preload_python_asked(const char *name) {
    static atomic_bool asked;
    if (atomic_load_explicit(&asked, memory_order_relaxed) || !is_of_torch(name) ||
        strcmp(preload_recorder_settings()->annotate, "off") == 0) {
        return;
    }
    const preload_python *py = preload_python_interpreter();
    if (py && py->Py_IsInitialized() && !atomic_exchange(&asked, true) &&
        py->Py_AddPendingCall(start_helper, NULL) != 0) {
        atomic_store(&asked, false); /* the queue is full; the next call tries again */
    }
}
