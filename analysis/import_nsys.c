#include "analysis/import.h"
#include <stdio.h>
int analysis_import_nsys(const char *path, const trace_visitor *v, trace_status *status,
                         char error[TRACE_ERROR_BYTES]) { (void)v;(void)status; snprintf(error, TRACE_ERROR_BYTES, "%s: no", path); return -1; }
