/* Which files an export may replace. */
#ifndef EXPORT_EXPORT_TARGET_H
#define EXPORT_EXPORT_TARGET_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether `path` may be written: it does not exist, or is an empty file, or an export of moetrace or Nsight
 * Systems, or `force` is set; and it is none of the `count` inputs. False after one line in `error`. */
bool export_may_write(const char *path, bool force, char *const *inputs, size_t count,
                      char error[TRACE_ERROR_BYTES]);

#endif
