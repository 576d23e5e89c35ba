/* The trace file: see trace_file.h. */
#include "preload/trace_file.h"

#include "preload/clock.h"
#include "preload/confinement.h"
#include "preload/fork_gate.h"
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static struct {
    char path[4400];
    uint64_t realtime_ns, monotonic_ns; /* time at which the recording began */
    bool exists;
    bool keep;    /* the descriptor stays open, since the file cannot be opened again or recognised */
    dev_t device; /* of the file that was created; nothing is appended to any other */
    ino_t inode;
    uint64_t bytes;
    int fd;              /* -1 unless the file is open */
    struct stat opened;  /* identity of the open file */
    uint64_t reserve_at; /* start of a chunk, at least PRELOAD_FILE_RESERVE bytes before the end */
} file = {.fd = -1};

static bool is_descriptor_of(int fd, const struct stat *as) {
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_dev == as->st_dev && st.st_ino == as->st_ino;
}

/* The target may be opening and closing the lowest descriptors at this moment: the recorder's is moved to a high number at
 * once. If the target has closed it meanwhile, the number may belong to the target. */
static int move_descriptor_up(int fd) {
    struct stat high;
    int to = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 500) : -1;
    if (to < 0) {
        return errno == EBADF ? -1 : fd;
    }
    if (fstat(to, &high) == 0 && is_descriptor_of(fd, &high)) {
        close(fd);
    }
    return to;
}

/* A user-space file system may assign a new inode number at each open. */
static bool numbers_may_change(int fd) {
    struct statfs system;
    return fstatfs(fd, &system) == 0 && system.f_type == FUSE_SUPER_MAGIC;
}

/* A fork during opening or closing would not know of the descriptor. */
static int open_trace_file(const char *path, int flags) {
    preload_fork_gate_enter();
    int fd = -1;
    errno = EPERM;
    if (preload_may_open()) {
        /* O_NONBLOCK: the path may be a FIFO now */
        fd = move_descriptor_up(open(path, flags | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    }
    int error = errno;
    file.fd = fd >= 0 && fstat(fd, &file.opened) == 0 ? fd : -1;
    preload_fork_gate_leave();
    errno = error;
    return fd;
}

/* A target that closes all descriptors may have closed this one and reuse its number. */
static void close_own_descriptor(void) {
    if (file.fd >= 0 && is_descriptor_of(file.fd, &file.opened)) {
        close(file.fd);
    }
    file.fd = -1;
}

static void close_trace_file(void) {
    if (!file.keep) {
        preload_fork_gate_enter();
        close_own_descriptor();
        preload_fork_gate_leave();
    }
}

static int write_trace_bytes(int fd, const uint8_t *p, size_t len, size_t *written) {
    *written = 0;
    while (*written < len) {
        ssize_t n = write(fd, p + *written, len - *written);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : EIO;
        }
        *written += (size_t)n;
    }
    return 0;
}

static int make_parent_directories(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int rc = mkdir(path, 0777);
        int error = errno;
        *slash = '/';
        if (rc && error != EEXIST) {
            return error;
        }
    }
    return 0;
}

/* A process that calls exec, or whose process id was used before, finds the name taken; a number is appended then. */
static void format_trace_path(const char *directory, const char *program, int attempt) {
    char again[16] = "";
    if (attempt > 1) {
        snprintf(again, sizeof again, "-%d", attempt);
    }
    snprintf(file.path, sizeof file.path, "%.4000s/%.100s-%d%s.moetrace", directory, program, (int)getpid(),
             again);
}

/* The file was created and is open. It stays open if it could not be recognised later. */
static void keep_if_renumbered(void) {
    struct stat again;
    if (fstat(file.fd, &file.opened)) { /* once more, now that it has a name */
        return;
    }
    file.device = file.opened.st_dev;
    file.inode = file.opened.st_ino;
    file.keep = numbers_may_change(file.fd);
    if (!file.keep && stat(file.path, &again) == 0) {
        file.keep = again.st_dev != file.device || again.st_ino != file.inode;
    }
    if (file.keep) {
        fcntl(file.fd, F_SETFL, O_APPEND);
    }
}

#define MOST_NAMES 1000

#define NOT_HERE (-1)

/* Creates the file without a name until its header is written, so that a process that is killed meanwhile leaves no file.
 * Returns 0, an errno value, or NOT_HERE where the file system, or a system without /proc, does not support this. */
static int create_unnamed_file(const char *directory, const char *program, const uint8_t *header) {
    static char with_slash[4200]; /* static, since the stack may be a signal handler's */
    char link[64];
    size_t written;
    snprintf(with_slash, sizeof with_slash, "%.4100s/", directory);
    int fd = open_trace_file(with_slash, O_TMPFILE);
    if (fd < 0) {
        return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? NOT_HERE : errno;
    }
    snprintf(link, sizeof link, "/proc/thread-self/fd/%d", fd);
    int rc = write_trace_bytes(fd, header, TRACE_HEADER_BYTES, &written);
    bool linked = false;
    for (int attempt = 1; rc == 0 && !linked && attempt < MOST_NAMES; attempt++) {
        format_trace_path(directory, program, attempt);
        linked = linkat(AT_FDCWD, link, AT_FDCWD, file.path, AT_SYMLINK_FOLLOW) == 0;
        if (!linked && errno != EEXIST) {
            bool closed = errno == ENOENT && access("/proc/thread-self/fd", F_OK) == 0;
            rc = closed ? EBADF : NOT_HERE; /* the target has closed it */
        }
    }
    if (linked) {
        keep_if_renumbered();
    }
    close_trace_file();
    return rc == 0 && !linked ? EEXIST : rc;
}

static int create_named_file(const char *directory, const char *program, const uint8_t *header) {
    int fd = -1;
    errno = EEXIST;
    for (int attempt = 1; fd < 0 && errno == EEXIST && attempt < MOST_NAMES; attempt++) {
        format_trace_path(directory, program, attempt);
        fd = open_trace_file(file.path, O_CREAT | O_EXCL);
    }
    if (fd < 0) {
        return errno;
    }
    size_t written;
    int rc = write_trace_bytes(fd, header, TRACE_HEADER_BYTES, &written);
    if (rc == 0) {
        keep_if_renumbered();
    } else {
        unlink(file.path);
    }
    close_trace_file();
    return rc;
}

void preload_file_begin(uint64_t monotonic_ns) {
    file.monotonic_ns = monotonic_ns;
    file.realtime_ns = preload_clock_of(CLOCK_REALTIME);
}

int preload_file_create(const char *directory, const char *program) {
    static char with_slash[4200]; /* static, since the stack may be a signal handler's */
    snprintf(with_slash, sizeof with_slash, "%.4100s/", directory);
    int rc = make_parent_directories(with_slash);
    if (rc) {
        return rc;
    }
    uint8_t header[TRACE_HEADER_BYTES];
    trace_header h = {.major = TRACE_VERSION_MAJOR,
                      .minor = TRACE_VERSION_MINOR,
                      .realtime_ns = file.realtime_ns,
                      .monotonic_ns = file.monotonic_ns,
                      .pid = (uint32_t)getpid()};
    trace_encode_header(header, &h);
    rc = create_unnamed_file(directory, program, header);
    if (rc == NOT_HERE) {
        rc = create_named_file(directory, program, header);
    }
    if (rc) {
        return rc;
    }
    file.bytes = file.reserve_at = sizeof header;
    file.exists = true;
    return 0;
}

/* Returns the kept descriptor if it still refers to the same file; else opens the file. */
static int kept_or_new_descriptor(void) {
    if (file.keep && file.fd >= 0 && is_descriptor_of(file.fd, &file.opened)) {
        return file.fd;
    }
    file.fd = -1;
    return open_trace_file(file.path, O_APPEND);
}

/* Opens the file for writing if it is still the one that was created. */
static int reopen_trace_file(int *fd) {
    struct stat st;
    *fd = kept_or_new_descriptor();
    if (*fd < 0) {
        return errno;
    }
    int rc = 0;
    if (fstat(*fd, &st)) {
        rc = errno;
    } else if (st.st_nlink == 0) {
        rc = ENOENT; /* a descriptor that is kept */
    } else if (st.st_dev != file.device || st.st_ino != file.inode || (uint64_t)st.st_size < file.bytes) {
        rc = ESTALE; /* the file was truncated or replaced (possibly with the same inode) */
    } else if ((uint64_t)st.st_size > file.bytes && ftruncate(*fd, (off_t)file.bytes)) {
        /* A torn chunk stays; readers skip it. */
    }
    if (rc) {
        close_trace_file();
    }
    return rc;
}

void preload_file_keep(void) {
    int fd;
    if (file.exists && !file.keep && reopen_trace_file(&fd) == 0) {
        file.keep = true;
    }
}

/* How many of the first `written` bytes are complete chunks, and where the file could be truncated. */
static size_t count_whole_chunks(const uint8_t *chunks, size_t written) {
    size_t whole = 0;
    for (size_t at = 0;
         written - at >= TRACE_CHUNK_BYTES && trace_chunk_length(chunks + at) <= written - at;) {
        at += trace_chunk_length(chunks + at);
        whole = at;
    }
    for (size_t at = 0; whole - at >= PRELOAD_FILE_RESERVE;) {
        file.reserve_at = file.bytes + at;
        at += trace_chunk_length(chunks + at);
    }
    return whole;
}

int preload_file_append(const uint8_t *chunks, size_t len, size_t *taken) {
    int fd;
    *taken = 0;
    int rc = reopen_trace_file(&fd);
    if (rc) {
        return rc;
    }
    size_t written;
    rc = write_trace_bytes(fd, chunks, len, &written);
    *taken = count_whole_chunks(chunks, written);
    file.bytes += *taken;
    if (*taken < written && ftruncate(fd, (off_t)file.bytes)) {
        /* The torn chunk stays; readers skip it. */
    }
    close_trace_file();
    return rc;
}

size_t preload_file_cut_back(void) {
    int fd;
    size_t bytes = file.bytes - file.reserve_at;
    if (reopen_trace_file(&fd)) {
        return 0;
    }
    if (bytes == 0 || ftruncate(fd, (off_t)file.reserve_at)) {
        bytes = 0;
    }
    close_trace_file();
    file.bytes -= bytes;
    return bytes;
}

void preload_file_cut_to(uint64_t bytes) {
    int fd;
    if (reopen_trace_file(&fd) == 0) {
        if (ftruncate(fd, (off_t)bytes) == 0) {
            file.bytes = bytes;
        }
        close_trace_file();
    }
}

bool preload_file_exists(void) {
    return file.exists;
}

uint64_t preload_file_bytes(void) {
    return file.bytes;
}

const char *preload_file_path(void) {
    return file.path;
}

void preload_file_forget(void) {
    close_own_descriptor();
    file.exists = file.keep = false;
    file.bytes = 0;
}
