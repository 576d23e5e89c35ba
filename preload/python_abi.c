/* Finds CPython's functions in the process. */
#include "preload/python_abi.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/* Set by each thread that has found all of them; all threads write the same addresses. */
const preload_python *preload_python_interpreter(void) {
    static preload_python found;
    static atomic_bool known;
    if (atomic_load_explicit(&known, memory_order_acquire)) {
        return &found;
    }
    preload_python p;
#define FIND(type, name, arguments)                                                                          \
    *(void **)&p.name = dlsym(RTLD_DEFAULT, #name);                                                          \
    if (!p.name) {                                                                                           \
        return NULL;                                                                                         \
    }
    PYTHON_FUNCTIONS(FIND)
#undef FIND
    p.none = dlsym(RTLD_DEFAULT, "_Py_NoneStruct");
    p.exception = dlsym(RTLD_DEFAULT, "PyExc_Exception");
    if (!p.none || !p.exception) {
        return NULL;
    }
    found = p;
    atomic_store_explicit(&known, true, memory_order_release);
    return &found;
}
