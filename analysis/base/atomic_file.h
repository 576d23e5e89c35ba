/* Output files that are whole or not there. */
#ifndef BASE_ATOMIC_FILE_H
#define BASE_ATOMIC_FILE_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stdio.h>

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
