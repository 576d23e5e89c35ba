/* The Python helper and its way into the process: when libtorch, being loaded by a Python program, asks for its own environment
 * variables, the interpreter is asked to run the helper as soon as it can. The environment stays as it is. */
#ifndef PRELOAD_PYTHON_HELPER_H
#define PRELOAD_PYTHON_HELPER_H

/* Somebody asks for the environment variable `name`. */
void preload_python_asked(const char *name);

#endif
