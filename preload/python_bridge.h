/* The functions that the Python helper (python/moetrace/) calls: Python callables over C functions of this library. They record
 * the same events as NVTX does, in the default domain. */
#ifndef PRELOAD_PYTHON_BRIDGE_H
#define PRELOAD_PYTHON_BRIDGE_H

#include "preload/python_abi.h"

/* Returns a new dict with the callables and the settings of the helper; NULL with a Python error set. The caller must hold the
 * GIL. */
PyObject *preload_python_bridge(const preload_python *python);

#endif
