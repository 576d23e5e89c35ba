/* Output files that are whole or not there, and that never take the place of something that is no export. */
#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stdio.h>

/* Whether `path` may be written: it does not exist, or is an empty file, or an export of moetrace or Nsight
 * Systems, or `force` is set; and it is none of the `count` inputs. False after one line in `error`. */
bool export_may_write(const char *path, bool force, char *const *inputs, size_t count,
                      char error[TRACE_ERROR_BYTES]);

/* Makes an empty file beside `path`, with the rights of any new file. Its name, which the caller frees, or
 * NULL with one line in `error`. */
char *base_file_begin(const char *path, char error[TRACE_ERROR_BYTES]);

/* Closes the file that was opened to write to `path`; NULL: it could not be, errno says why. 0, or -1 with
 * one line in `error`, also when something could not be written before. */
int base_file_close(FILE *file, const char *path, char error[TRACE_ERROR_BYTES]);

/* Moves the file into its place, or removes it when `good` is false. 0, or -1 with one line in `error`; the
 * file is then gone. Frees `temporary`. */
int base_file_finish(char *temporary, const char *path, bool good, char error[TRACE_ERROR_BYTES]);

#endif
