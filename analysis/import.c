/* Tells by its content what a file is. */
#include "analysis/import.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), n = strlen(end);
    return len >= n && strcmp(text + len - n, end) == 0;
}

static int read_any(const char *path, const trace_visitor *v, bool details, trace_status *status,
                    char error[TRACE_ERROR_BYTES]) {
    static const char sqlite[] = "SQLite format 3";
    char head[17] = "";
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: is a pipe or a device; a trace is read more than once: give a file", path);
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof head - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n == (ssize_t)sizeof head - 1 && memcmp(head, sqlite, sizeof sqlite) == 0) {
        return analysis_import_nsys(path, v, details, status, error);
    }
    if (n > 0 && ends_with(path, ".nsys-rep") && memcmp(head, TRACE_MAGIC, strlen(TRACE_MAGIC)) != 0) {
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
        return analysis_import_chrome(path, v, status, error);
    }
    if (n > 2 && memcmp(head, "\x1f\x8b", 2) == 0) {
        memset(status, 0, sizeof *status);
        snprintf(error, TRACE_ERROR_BYTES, "%s: is compressed; unpack it first: gunzip -k %s", path, path);
        return -1;
    }
    return trace_read(path, v, status, error);
}

int analysis_read(const char *path, const trace_visitor *v, trace_status *status,
                  char error[TRACE_ERROR_BYTES]) {
    return read_any(path, v, false, status, error);
}

int analysis_read_details(const char *path, const trace_visitor *v, trace_status *status,
                          char error[TRACE_ERROR_BYTES]) {
    return read_any(path, v, true, status, error);
}
