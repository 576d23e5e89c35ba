/* Files that are compressed by gzip, and standard input: decompressed once into a temporary file, which is read in their
 * place. */
#ifndef INPUT_PACKED_FILE_H
#define INPUT_PACKED_FILE_H

#include "trace/trace.h"

/* The path of standard input. */
#define INPUT_STANDARD "-"

/* Returns a path at which the content of the file at `path` can be read: `path` itself, or, if the file begins with gzip's
 * magic number or `path` is INPUT_STANDARD, a temporary file in $TMPDIR (/tmp) with the decompressed content. The first
 * call for a path creates that file; only its owner can read it, and it is removed when the program ends, also by a
 * signal. A truncated gzip file is decompressed up to where it ends. The result is valid until the program ends. Returns
 * NULL with one line in `error` if the file cannot be decompressed. Thread-safe. */
const char *input_unpacked_path(const char *path, char error[TRACE_ERROR_BYTES]);

#endif
