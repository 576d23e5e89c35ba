/* Starts the Python helper in the process: when libtorch, while a Python program loads it, reads its environment variables, the
 * interpreter is requested to run the helper (Py_AddPendingCall). The environment is not changed. */
#ifndef PRELOAD_PYTHON_HELPER_H
#define PRELOAD_PYTHON_HELPER_H

/* Call when the environment variable `name` is read. */
void preload_python_asked(const char *name);

#endif
