/* Files that are compressed by gzip, and standard input: unpacked once into a temporary file, and read from there. */
#ifndef INPUT_PACKED_FILE_H
#define INPUT_PACKED_FILE_H

#include "trace/trace.h"

/* The path of standard input. */
#define INPUT_STANDARD "-"

/* Returns where the content of the file at `path` can be read: `path` itself, or, when the file begins as gzip does or `path` is
 * INPUT_STANDARD, a temporary file in $TMPDIR (/tmp) with the unpacked content. That file is made by the first call for a path,
 * is readable by its owner alone, and is removed when the program ends, also by a signal. A gzip file that is cut is unpacked
 * as far as it goes. The result lives as long as the program. Returns NULL with one line in `error` when the file cannot be
 * unpacked. Any thread may call it. */
const char *input_unpacked_path(const char *path, char error[TRACE_ERROR_BYTES]);

#endif
