/* The one way that files are written: whole or not at all, never onto an input of the run, and over an
 * existing file only when moetrace wrote that, too, or the user forces it. */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include "trace/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* A kind of file that moetrace writes. `is_ours` recognises one by its first bytes, of which there are some,
 * (with a terminator),
 * so that it may be replaced. */
typedef struct {
    const char *name; /* "a CSV file of samples" */
    bool (*is_ours)(const char *path, const char *head, size_t len);
} base_output_kind;

typedef struct {
    dev_t device;
    ino_t inode;
} base_file_identity;

/* What a run reads, and how it may write. A zeroed one protects nothing yet. */
typedef struct {
    bool force; /* files of others are replaced as well; an input never is */
    base_file_identity *inputs;
    size_t count, cap;
    char **targets; /* that outputs were allowed to be */
    size_t target_count, target_cap;
} base_outputs;

/* Says that the run reads this file, which may be missing, or NULL. */
void base_outputs_protect(base_outputs *outputs, const char *path);

/* Whether the file may be written, to be asked before long work; each output of a run once. False with one
 * line in `error`: it is an input, however it is linked, the standard output, another output, or a file of
 * somebody else. */
bool base_outputs_allow(base_outputs *outputs, const char *path, const base_output_kind *kind,
                        char error[TRACE_ERROR_BYTES]);

void base_outputs_free(base_outputs *outputs);

/* A file that is being written: under a temporary name beside its place. */
typedef struct {
    const char *path;         /* as the user named it */
    char *target, *temporary; /* where it will stand, links resolved; where it is */
} base_output_file;

/* Begins to write `path`, which must be allowed (whether it was asked before or not): makes an empty file
 * `file->temporary`. False with one line in `error`. */
bool base_output_begin(base_output_file *file, const base_outputs *outputs, const char *path,
                       const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

/* Moves the file into its place, or removes it when `good` is false. 0, or -1 with one line in `error`, which
 * is left alone when `good` is false. */
int base_output_finish(base_output_file *file, bool good, char error[TRACE_ERROR_BYTES]);

/* Writes a whole file of `len` bytes. 0, or -1 with one line in `error`. */
int base_output_write(const base_outputs *outputs, const char *path, const base_output_kind *kind,
                      const char *bytes, size_t len, char error[TRACE_ERROR_BYTES]);

/* Moves a finished file of the same file system to `path`, if that is allowed. 0, or -1 with one line in
 * `error`. */
int base_output_move(const base_outputs *outputs, const char *from, const char *path,
                     const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

/* Closes the stream that was opened to write to `path`; NULL: it could not be, errno says why. 0, or -1 with
 * one line in `error`, also when something could not be written before. */
int base_output_close(FILE *stream, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
