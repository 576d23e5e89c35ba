/* The functions of CPython's stable ABI that the bridge calls (CPython 3.9 and later). They are looked up in the running
 * interpreter: the recorder is built without Python's headers and is not linked with Python. */
#ifndef PRELOAD_PYTHON_ABI_H
#define PRELOAD_PYTHON_ABI_H

#include <stdbool.h>
#include <stdint.h>

typedef struct _object PyObject;
typedef intptr_t Py_ssize_t;

typedef struct {
    const char *name;
    PyObject *(*function)(PyObject *self, PyObject *arguments);
    int flags;
    const char *doc;
} PyMethodDef;

#define PYTHON_METH_NOARGS   0x0004 /* arguments is NULL */
#define PYTHON_METH_FASTCALL 0x0080 /* (self, array of arguments, their number) */
#define PYTHON_FILE_INPUT    257    /* Py_file_input */

#define PYTHON_FUNCTIONS(X)                                                                                  \
    X(int, Py_IsInitialized, (void))                                                                         \
    X(int, Py_AddPendingCall, (int (*)(void *), void *))                                                     \
    X(void, Py_IncRef, (PyObject *))                                                                         \
    X(void, Py_DecRef, (PyObject *))                                                                         \
    X(PyObject *, PyCFunction_NewEx, (PyMethodDef *, PyObject *, PyObject *))                                \
    X(long long, PyLong_AsLongLong, (PyObject *))                                                            \
    X(PyObject *, PyLong_FromLongLong, (long long))                                                          \
    X(PyObject *, PyBool_FromLong, (long))                                                                   \
    X(const char *, PyUnicode_AsUTF8AndSize, (PyObject *, Py_ssize_t *))                                     \
    X(PyObject *, PyUnicode_FromString, (const char *))                                                      \
    X(PyObject *, PyDict_New, (void))                                                                        \
    X(int, PyDict_SetItemString, (PyObject *, const char *, PyObject *))                                     \
    X(PyObject *, PyDict_GetItemString, (PyObject *, const char *))                                          \
    X(PyObject *, Py_CompileString, (const char *, const char *, int))                                       \
    X(PyObject *, PyEval_EvalCode, (PyObject *, PyObject *, PyObject *))                                     \
    X(PyObject *, PyEval_GetBuiltins, (void))                                                                \
    X(void *, PyEval_SaveThread, (void))                                                                     \
    X(void, PyEval_RestoreThread, (void *))                                                                  \
    X(PyObject *, PyErr_Occurred, (void))                                                                    \
    X(int, PyErr_ExceptionMatches, (PyObject *))                                                             \
    X(void, PyErr_Fetch, (PyObject **, PyObject **, PyObject **))                                            \
    X(void, PyErr_Clear, (void))                                                                             \
    X(PyObject *, PyObject_Str, (PyObject *))                                                                \
    X(void *, PyInterpreterState_Get, (void))                                                                \
    X(int64_t, PyInterpreterState_GetID, (void *))

#define PYTHON_POINTER(type, name, arguments) type(*name) arguments;
typedef struct {
    PYTHON_FUNCTIONS(PYTHON_POINTER)
    PyObject *none;       /* _Py_NoneStruct */
    PyObject **exception; /* PyExc_Exception */
} preload_python;
#undef PYTHON_POINTER

/* Returns the functions of the interpreter that runs in this process; NULL when there is none, or when it lacks one of the
 * functions. Any thread. */
const preload_python *preload_python_interpreter(void);

#endif
