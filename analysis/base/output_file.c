/* Checking a target, writing beside it, then renaming. */
#include "analysis/base/output_file.h"

#include "analysis/base/alloc.h"
#include "analysis/base/temporary_files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 4096 /* of a file, to recognise it by */

/* ---- May it be written ---- */

void base_outputs_protect(base_outputs *outputs, const char *path) {
    struct stat st;
    if (path && stat(path, &st) == 0) {
        outputs->inputs =
            base_grow(outputs->inputs, &outputs->cap, outputs->count + 1, sizeof *outputs->inputs);
        outputs->inputs[outputs->count++] = (base_file_identity){st.st_dev, st.st_ino};
    }
}

void base_outputs_free(base_outputs *outputs) {
    for (size_t i = 0; i < outputs->target_count; i++) {
        free(outputs->targets[i]);
    }
    free(outputs->targets);
    free(outputs->inputs);
    memset(outputs, 0, sizeof *outputs);
}

static bool cannot_write(const char *path, int why, char error[TRACE_ERROR_BYTES]) {
    snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be written: %s; choose another place", path,
             strerror(why));
    return false;
}

/* The path without links, of a file that need not be there yet; NULL with errno. The caller frees it. */
static char *resolve_target(const char *path) {
    struct stat st;
    char *whole = realpath(path, NULL);
    if (whole || errno != ENOENT || lstat(path, &st) == 0) {
        return whole;
    }
    char *copy = base_copy(path, strlen(path)), *again = base_copy(path, strlen(path));
    char *folder = realpath(dirname(copy), NULL);
    const char *name = basename(again);
    if (folder) {
        size_t size = strlen(folder) + strlen(name) + 2;
        whole = base_alloc(size, 1);
        snprintf(whole, size, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
    }
    int why = errno;
    free(folder);
    free(copy);
    free(again);
    errno = why;
    return whole;
}

static bool is_same_file(const struct stat *st, base_file_identity file) {
    return st->st_dev == file.device && st->st_ino == file.inode;
}

static bool is_input(const base_outputs *outputs, const struct stat *st) {
    for (size_t i = 0; i < outputs->count; i++) {
        if (is_same_file(st, outputs->inputs[i])) {
            return true;
        }
    }
    return false;
}

/* Whether it is where standard output or standard error go. */
static bool is_standard(const struct stat *st) {
    struct stat out;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fstat(fd, &out) == 0 && out.st_dev == st->st_dev && out.st_ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

static bool is_of_kind(const char *path, const base_output_kind *kind) {
    char head[HEAD_BYTES + 1] = "";
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(head, 1, HEAD_BYTES, file) : 0;
    if (file) {
        fclose(file);
    }
    return len > 0 && kind->is_ours(path, head, len);
}

/* What stands in the way of writing the file, to follow its path in an error; NULL: nothing. */
static const char *obstacle(const base_outputs *outputs, const char *target, const struct stat *st,
                            const base_output_kind *kind) {
    if (is_input(outputs, st)) {
        return "is an input of this command; give another name";
    }
    if (is_standard(st)) {
        return "is the file of standard output or standard error; give another name";
    }
    if (!S_ISREG(st->st_mode)) {
        return "exists and is not a regular file; give another name";
    }
    if (!outputs->force && st->st_size > 0 && !is_of_kind(target, kind)) {
        return "";
    }
    return NULL;
}

/* Where the file will stand, which the caller frees; NULL with one line in `error` when it may not be
 * written. */
static char *allowed_target(const base_outputs *outputs, const char *path, const base_output_kind *kind,
                            char error[TRACE_ERROR_BYTES]) {
    struct stat st;
    char *target = resolve_target(path);
    if (!target) {
        cannot_write(path, errno, error);
        return NULL;
    }
    const char *why = stat(target, &st) == 0 ? obstacle(outputs, target, &st, kind) : NULL;
    if (!why) {
        return target;
    }
    if (*why) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: %s", path, why);
    } else {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: exists and is not %s that moetrace wrote; give another name, or --force to replace it",
                 path, kind->name);
    }
    free(target);
    return NULL;
}

bool base_outputs_allow(base_outputs *outputs, const char *path, const base_output_kind *kind,
                        char error[TRACE_ERROR_BYTES]) {
    char *target = allowed_target(outputs, path, kind, error);
    for (size_t i = 0; target && i < outputs->target_count; i++) {
        if (strcmp(outputs->targets[i], target) == 0) {
            snprintf(error, TRACE_ERROR_BYTES, "%s: is the name of two outputs; give each its own", path);
            free(target);
            target = NULL;
        }
    }
    if (target) {
        outputs->targets = base_grow(outputs->targets, &outputs->target_cap, outputs->target_count + 1,
                                     sizeof *outputs->targets);
        outputs->targets[outputs->target_count++] = target;
    }
    return target != NULL;
}

/* ---- Writing ---- */

bool base_output_begin(base_output_file *file, const base_outputs *outputs, const char *path,
                       const base_output_kind *kind, char error[TRACE_ERROR_BYTES]) {
    *file = (base_output_file){.path = path, .target = allowed_target(outputs, path, kind, error)};
    if (!file->target) {
        return false;
    }
    int fd = base_temporary_beside(file->target, &file->temporary);
    if (fd < 0) {
        cannot_write(path, errno, error);
        free(file->target);
        return false;
    }
    close(fd);
    return true;
}

int base_output_finish(base_output_file *file, bool good, char error[TRACE_ERROR_BYTES]) {
    int rc = good ? 0 : -1;
    if (good && rename(file->temporary, file->target) != 0) {
        cannot_write(file->path, errno, error);
        rc = -1;
    }
    if (rc != 0) {
        unlink(file->temporary);
    }
    base_temporary_forget(file->temporary);
    free(file->temporary);
    free(file->target);
    return rc;
}

static bool write_bytes(const char *path, const char *bytes, size_t len) {
    FILE *stream = fopen(path, "we");
    if (!stream) {
        return false;
    }
    bool good = fwrite(bytes, 1, len, stream) == len && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
    int why = errno;
    if (fclose(stream) != 0 && good) {
        return false;
    }
    errno = why;
    return good;
}

int base_output_write(const base_outputs *outputs, const char *path, const base_output_kind *kind,
                      const char *bytes, size_t len, char error[TRACE_ERROR_BYTES]) {
    base_output_file file;
    if (!base_output_begin(&file, outputs, path, kind, error)) {
        return -1;
    }
    bool good = write_bytes(file.temporary, bytes, len) || cannot_write(path, errno, error);
    return base_output_finish(&file, good, error);
}

int base_output_move(const base_outputs *outputs, const char *from, const char *path,
                     const base_output_kind *kind, char error[TRACE_ERROR_BYTES]) {
    char *target = allowed_target(outputs, path, kind, error);
    bool good = target && (rename(from, target) == 0 || cannot_write(path, errno, error));
    free(target);
    return good ? 0 : -1;
}

int base_output_close(FILE *stream, const char *path, char error[TRACE_ERROR_BYTES]) {
    bool good = stream && ferror(stream) == 0;
    good = stream && fclose(stream) == 0 && good;
    if (!good) {
        cannot_write(path, errno, error);
    }
    return good ? 0 : -1;
}
