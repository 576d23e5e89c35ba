/* What the Python helper (python/moetrace/) calls: C functions as Python callables, made by this library. They write the same
 * events as NVTX does, in the default domain. */
#ifndef PRELOAD_PYTHON_BRIDGE_H
#define PRELOAD_PYTHON_BRIDGE_H

#include "preload/python_abi.h"

/* A dict of the callables and of what the settings say, for the helper; NULL with a Python error set. The caller holds the
 * GIL. */
PyObject *preload_python_bridge(const preload_python *python);

#endif
