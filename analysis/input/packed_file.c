/* See packed_file.h. */
#include "analysis/input/packed_file.h"

#include "analysis/base/alloc.h"
#include "analysis/base/temporary_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_BYTES (1 << 18)

/* A file that was decompressed. */
typedef struct {
    char *path;
    char *plain;
} packed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects the following members */
static packed *known;
static size_t known_count, known_cap;

static void remove_unpacked(void) {
    for (size_t i = 0; i < known_count; i++) {
        unlink(known[i].plain);
        base_temporary_forget(known[i].plain);
        free(known[i].plain);
        free(known[i].path);
    }
    free(known);
    known = NULL;
    known_count = known_cap = 0;
}

/* Opens the file if it is compressed. Returns -1 if it is not or cannot be opened, which its reader reports. */
static int open_packed(const char *path) {
    struct stat st;
    unsigned char head[3] = {0};
    if (strcmp(path, INPUT_STANDARD) == 0) {
        return dup(STDIN_FILENO);
    }
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* the path may be a FIFO now */
    bool gzip = fd >= 0 && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && head[0] == 0x1f &&
                head[1] == 0x8b && head[2] == Z_DEFLATED;
    if (fd >= 0 && !gzip) {
        close(fd);
    }
    return gzip ? fd : -1;
}

static bool write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Content that is not compressed is copied unchanged. */
static bool unpack(gzFile from, int to, const char *path, const char *plain, char error[TRACE_ERROR_BYTES]) {
    char *buffer = base_alloc(BUFFER_BYTES, 1);
    int n, code = Z_OK;
    bool written = true;
    while (written && (n = gzread(from, buffer, BUFFER_BYTES)) > 0) {
        written = write_all(to, buffer, (size_t)n);
    }
    int why = errno;
    free(buffer);
    if (!written) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: cannot be unpacked into %s: %s; make room there, or set TMPDIR to another directory",
                 path, plain, strerror(why));
        return false;
    }
    const char *what = gzerror(from, &code);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) { /* the latter: the file is truncated */
        snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be unpacked: %s; copy or make it again", path,
                 code == Z_ERRNO ? strerror(why) : what);
        return false;
    }
    return true;
}

/* Creates the temporary file. Returns its name, which the caller frees, or NULL with the error set. */
static char *unpack_into_temporary(int fd, const char *path, char error[TRACE_ERROR_BYTES]) {
    const char *folder = getenv("TMPDIR");
    char *beside, *plain = NULL;
    if (asprintf(&beside, "%s/moetrace-unpacked", folder && *folder ? folder : "/tmp") < 0) {
        beside = base_copy("/tmp/moetrace-unpacked", strlen("/tmp/moetrace-unpacked"));
    }
    int to = base_temporary_beside(beside, &plain);
    if (to < 0) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: cannot be unpacked into %s: %s; set TMPDIR to a directory with room", path, beside,
                 strerror(errno));
        free(beside);
        close(fd);
        return NULL;
    }
    free(beside);
    gzFile from = fchmod(to, 0600) == 0 ? gzdopen(fd, "rb") : NULL;
    bool good = from && unpack(from, to, path, plain, error);
    if (from) {
        gzclose_r(from);
    } else {
        snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be unpacked: %s", path, strerror(errno));
        close(fd);
    }
    close(to);
    if (!good) {
        unlink(plain);
        base_temporary_forget(plain);
        free(plain);
        return NULL;
    }
    return plain;
}

static const char *find_unpacked(const char *path) {
    for (size_t i = 0; i < known_count; i++) {
        if (strcmp(known[i].path, path) == 0) {
            return known[i].plain;
        }
    }
    return NULL;
}

const char *input_unpacked_path(const char *path, char error[TRACE_ERROR_BYTES]) {
    pthread_mutex_lock(&lock);
    const char *plain = find_unpacked(path);
    int fd = plain ? -1 : open_packed(path);
    if (!plain && fd < 0) {
        plain = path;
    } else if (!plain) {
        char *made = unpack_into_temporary(fd, path, error);
        if (made) {
            if (known_cap == 0) {
                atexit(remove_unpacked);
            }
            known = base_grow(known, &known_cap, known_count + 1, sizeof *known);
            known[known_count++] = (packed){.path = base_copy(path, strlen(path)), .plain = made};
        }
        plain = made;
    }
    pthread_mutex_unlock(&lock);
    return plain;
}
