/* Detects the format of a file by its content. */
#include "analysis/input/capture_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/chrome/chrome_reader.h"
#include "analysis/input/nsys/nsys_processes.h"
#include "analysis/input/nsys/nsys_reader.h"
#include "analysis/input/packed_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whitespace before a JSON value. */
#define BLANKS_MAX (1 << 20)

static bool has_extension(const char *text, const char *end) {
    size_t len = strlen(text), n = strlen(end);
    return len >= n && strcmp(text + len - n, end) == 0;
}

/* Whether the path exists and is neither a file nor a directory. */
static bool is_pipe(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Reads the first bytes of the file; returns their number. */
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
    char head[17], error[TRACE_ERROR_BYTES];
    const char *plain = input_unpacked_path(path, error);
    *list = NULL;
    return plain && is_sqlite(head, read_head(plain, head)) ? input_nsys_processes(plain, guess, list) : 0;
}

/* Skips a byte order mark and whitespace; returns whether a JSON value follows. */
static bool begins_json(const char *path) {
    char mark[3];
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    bool marked =
        fread(mark, 1, sizeof mark, file) == sizeof mark && memcmp(mark, "\xef\xbb\xbf", sizeof mark) == 0;
    int c = marked || fseek(file, 0, SEEK_SET) == 0 ? getc(file) : EOF;
    for (int blanks = 0; blanks < BLANKS_MAX && c > 0 && strchr(" \t\r\n", c); blanks++) {
        c = getc(file);
    }
    fclose(file);
    return c == '{' || c == '[';
}

/* Whether the file is a report in Nsight Systems' own format, by its name or first bytes. */
static bool is_nsys_report(const char *path, const char *head, ssize_t n) {
    static const char magic[] = "NVIDIA Tegra Pro"; /* "NVIDIA Tegra Profiler Report" */
    bool named = has_extension(path, ".nsys-rep") || has_extension(path, ".qdrep");
    bool ours = memcmp(head, TRACE_MAGIC, strlen(TRACE_MAGIC)) == 0;
    return n > 0 && !ours && (named || memcmp(head, magic, sizeof magic - 1) == 0);
}

/* Returns the path without the extension of such a report. */
static int stem_of_report(const char *path) {
    static const char *const extensions[] = {".nsys-rep", ".qdrep"};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        if (has_extension(path, extensions[i])) {
            return (int)(len - strlen(extensions[i]));
        }
    }
    return (int)len;
}

static int read_plain(const char *path, unsigned jobs, bool once, const trace_visitor *v,
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
    if (is_nsys_report(path, head, n)) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: a report in Nsight Systems' own format, which only nsys reads: run `nsys export --type "
                 "sqlite -o "
                 "%.*s.sqlite %s` and give the .sqlite file",
                 path, stem_of_report(path), path, path);
        return -1;
    }
    if (n > 0 && begins_json(path)) {
        return input_chrome_read(path, v, status, error);
    }
    return trace_read(path, v, status, error);
}

/* Replaces the name of the temporary file in an error by the user's. */
static void name_original(char error[TRACE_ERROR_BYTES], const char *plain, const char *file) {
    char line[TRACE_ERROR_BYTES] = "";
    size_t used = 0, len = strlen(plain);
    for (const char *from = error; *from && used + 1 < sizeof line;) {
        bool found = strncmp(from, plain, len) == 0;
        int n = snprintf(line + used, sizeof line - used, "%.*s", found ? (int)strlen(file) : 1,
                         found ? file : from);
        used += n > 0 ? (size_t)n : 0;
        from += found ? len : 1;
    }
    memcpy(error, line, sizeof line);
}

static int read_any(const char *path, unsigned jobs, bool once, const trace_visitor *v,
                    const input_extras *extras, trace_status *status, char error[TRACE_ERROR_BYTES]) {
    uint64_t process;
    size_t len = input_capture_file(path, &process);
    char *file = base_copy(path, len), *whole = NULL;
    const char *plain = input_unpacked_path(file, error);
    int rc = -1;
    if (!plain) {
        memset(status, 0, sizeof *status);
    } else if (strcmp(plain, file) == 0) {
        rc = read_plain(path, jobs, once, v, extras, status, error);
    } else {
        size_t size = strlen(plain) + strlen(path + len) + 1;
        whole = base_alloc(size, 1);
        snprintf(whole, size, "%s%s", plain, path + len);
        rc = read_plain(whole, jobs, once, v, extras, status, error);
        if (rc == -1) {
            name_original(error, plain, file);
        }
    }
    free(whole);
    free(file);
    return rc;
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
