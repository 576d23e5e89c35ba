/* Tells by its content what a file is. */
#include "analysis/input/capture_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/chrome/chrome_reader.h"
#include "analysis/input/nsys/nsys_processes.h"
#include "analysis/input/nsys/nsys_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_extension(const char *text, const char *end) {
    size_t len = strlen(text), n = strlen(end);
    return len >= n && strcmp(text + len - n, end) == 0;
}

/* Whether it is there, and neither a file nor a directory. */
static bool is_pipe(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* The first bytes of the file; how many. */
static ssize_t read_head(const char *path, char head[17]) {
    memset(head, 0, 17);
    int fd = is_pipe(path) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, head, 16);
    if (fd >= 0) {
        close(fd);
    }
    return n;
}

static bool is_sqlite(const char *head, ssize_t n) {
    static const char sqlite[] = "SQLite format 3";
    return n == 16 && memcmp(head, sqlite, sizeof sqlite) == 0;
}

size_t input_processes(const char *path, bool guess, uint64_t **list) {
    char head[17];
    *list = NULL;
    return is_sqlite(head, read_head(path, head)) ? input_nsys_processes(path, guess, list) : 0;
}

static int read_any(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]) {
    char head[17];
    if (is_pipe(path)) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: is a pipe or a device; a trace is read more than once: give a file", path);
        return -1;
    }
    uint64_t process;
    size_t len = input_capture_file(path, &process);
    char *file = base_copy(path, len);
    ssize_t n = read_head(file, head);
    free(file);
    if (is_sqlite(head, n)) {
        return input_nsys_read(path, jobs, once, v, extras, status, error);
    }
    if (path[len] != '\0' && n > 0) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: only an SQLite export of Nsight Systems can be read by process", path);
        return -1;
    }
    if (n > 0 && has_extension(path, ".nsys-rep") && memcmp(head, TRACE_MAGIC, strlen(TRACE_MAGIC)) != 0) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: a report in Nsight Systems' own format, which only nsys reads: run `nsys export --type "
                 "sqlite -o "
                 "%.*s.sqlite %s` and give the .sqlite file",
                 path, (int)(strlen(path) - strlen(".nsys-rep")), path, path);
        return -1;
    }
    size_t blank = n > 0 ? strspn(head, " \t\r\n") : 0;
    if (n > 0 && blank < (size_t)n && (head[blank] == '{' || head[blank] == '[')) {
        return input_chrome_read(path, v, status, error);
    }
    if (n > 2 && memcmp(head, "\x1f\x8b", 2) == 0) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES, "%s: is compressed; unpack it first: gunzip -k %s", path, path);
        return -1;
    }
    return trace_read(path, v, status, error);
}

int input_read(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
               char error[TRACE_ERROR_BYTES]) {
    return read_any(path, jobs, false, v, NULL, status, error);
}

int input_read_once(const char *path, unsigned jobs, const trace_visitor *v, trace_status *status,
                    char error[TRACE_ERROR_BYTES]) {
    return read_any(path, jobs, true, v, NULL, status, error);
}

int input_read_details(const char *path, unsigned jobs, const trace_visitor *v, const input_extras *extras,
                       trace_status *status, char error[TRACE_ERROR_BYTES]) {
    return read_any(path, jobs, false, v, extras, status, error);
}
