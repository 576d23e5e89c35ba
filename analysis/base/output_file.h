/* All output files are written through this module: completely or not at all, never over an input of the run, and over an
 * existing file only if moetrace wrote it or the user passed --force. */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* A kind of file that moetrace writes. `is_ours` returns whether an existing file is of that kind and may be replaced,
 * from its first `len` > 0 bytes, which are NUL-terminated. */
typedef struct {
    const char *name; /* "a CSV file of samples" */
    bool (*is_ours)(const char *path, const char *head, size_t len);
} base_output_kind;

typedef struct {
    dev_t device;
    ino_t inode;
} base_file_identity;

/* The inputs and outputs of one run. A zeroed one has none. */
typedef struct {
    bool force; /* also replaces files that moetrace did not write; never an input */
    base_file_identity *inputs;
    size_t count, cap;
    char **targets; /* paths that base_outputs_allow has permitted */
    size_t target_count, target_cap;
} base_outputs;

/* Registers an input of the run, identified by device and inode; a missing file or NULL is ignored. */
void base_outputs_protect(base_outputs *outputs, const char *path);

/* Checks, before long work, that the file may be written. Call it once per output of the run. False, with one line in
 * `error`, when the path is an input (through any link), the standard output, another output of the run, or an existing
 * file that moetrace did not write. */
bool base_outputs_allow(base_outputs *outputs, const char *path, const base_output_kind *kind,
                        char error[TRACE_ERROR_BYTES]);

/* Frees the lists. */
void base_outputs_free(base_outputs *outputs);

/* A file that is being written, under a temporary name in the directory of its target. */
typedef struct {
    const char *path;         /* as the user wrote it */
    char *target, *temporary; /* final path with links resolved; current path */
} base_output_file;

/* Begins to write `path`: checks it as base_outputs_allow does, and creates the empty file `file->temporary`, which the
 * caller opens and fills. False with one line in `error`; otherwise base_output_finish must follow. */
bool base_output_begin(base_output_file *file, const base_outputs *outputs, const char *path,
                       const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

/* Renames the temporary file to its target, or removes it when `good` is false. Returns 0, or -1 with one line in
 * `error`; with `good` false it does not write to `error`. */
int base_output_finish(base_output_file *file, bool good, char error[TRACE_ERROR_BYTES]);

/* Writes a file of `len` bytes in one call. Returns 0, or -1 with one line in `error`. */
int base_output_write(const base_outputs *outputs, const char *path, const base_output_kind *kind,
                      const char *bytes, size_t len, char error[TRACE_ERROR_BYTES]);

/* Renames the complete file `from` to `path` on the same file system, after the checks of base_outputs_allow. Returns 0,
 * or -1 with one line in `error`. */
int base_output_move(const base_outputs *outputs, const char *from, const char *path,
                     const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

/* Closes a stream opened for writing to `path`; NULL means that opening it failed with errno. Returns 0, or -1 with one
 * line in `error` when opening, any earlier write, or closing failed. */
int base_output_close(FILE *stream, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
