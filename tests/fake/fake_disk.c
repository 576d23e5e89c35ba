/* libdisk.so, to be preloaded: a disk with limits, for files called *.moetrace alone.
 *   FAKE_DISK_BYTES   so long a file can become; then it is full
 *   FAKE_DISK_FULL    while the file of this name exists, nothing fits
 *   FAKE_DISK_GATE    while the file of this name exists, a write does not return; one that waits for that
 *                     makes the file GATE.waiting
 *   FAKE_DISK_RENUMBERS  a file has another inode number whenever it is opened, as with some user-space file systems */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_trace(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    return n > 9 && memcmp(path + n - 9, ".moetrace", 9) == 0;
}

static void wait_for_gate(const char *gate) {
    char waiting[4096];
    snprintf(waiting, sizeof waiting, "%s.waiting", gate);
    while (access(gate, F_OK) == 0) {
        int fd = open(waiting, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
        }
        usleep(1000);
    }
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *buf, size_t n) {
    static ssize_t (*original)(int, const void *, size_t);
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "write");
    }
    const char *limit = getenv("FAKE_DISK_BYTES"), *gate = getenv("FAKE_DISK_GATE");
    const char *full = getenv("FAKE_DISK_FULL");
    if ((limit || gate || full) && is_trace(fd)) {
        struct stat st;
        if (full && access(full, F_OK) == 0) {
            errno = ENOSPC;
            return -1;
        }
        if (gate) {
            wait_for_gate(gate);
        }
        if (limit && fstat(fd, &st) == 0) {
            long long room = strtoll(limit, NULL, 10) - (long long)st.st_size;
            if (room <= 0) {
                errno = ENOSPC;
                return -1;
            }
            n = (long long)n < room ? n : (size_t)room;
        }
    }
    return original(fd, buf, n);
}

static atomic_uint opened; /* traces, how often */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's headers have reserved names */
__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
    static int (*original)(const char *, int, ...);
    size_t n = strlen(path);
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "open");
    }
    if ((flags & O_TMPFILE) == O_TMPFILE && getenv("FAKE_DISK_RENUMBERS")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    opened += n > 9 && strcmp(path + n - 9, ".moetrace") == 0;
    return original(path, flags, mode);
}

__attribute__((visibility("default"))) int fstat(int fd, struct stat *st) {
    static int (*original)(int, struct stat *);
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "fstat");
    }
    int rc = original(fd, st);
    if (rc == 0 && getenv("FAKE_DISK_RENUMBERS") && is_trace(fd)) {
        st->st_ino = 1000 + opened;
    }
    return rc;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
