/* Output files, written completely or not at all: under a temporary name, then renamed. */
#ifndef NATIVE_OUTPUT_H
#define NATIVE_OUTPUT_H

#include "native/error.h"

#include <stdio.h>

typedef struct {
    FILE *file;
    char path[4096];
    char temporary[4128];
} native_output;

/* Opens a temporary file in the directory of `path`. On failure: false, status 2, the path and the reason. */
bool native_output_open(native_output *output, const char *path, native_error *error);

/* Closes the file and renames it to its path, if `good` and if all writes succeeded; otherwise removes it. False when it
 * was removed, with the error set. */
bool native_output_close(native_output *output, bool good, native_error *error);

#endif
