/* Reads a trace from start to end, one chunk in memory at a time, and checks every length before it is used. Damage does
 * not end the reading: the reader searches for the next intact chunk and counts the skipped bytes. */
#include "trace/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES                                                                                           \
    (256u << 10) /* size of one read: small enough that the data is still cached when it is used */
#define WINDOW_BYTES (TRACE_CHUNK_BYTES + TRACE_CHUNK_MAX_PAYLOAD + READ_BYTES)

typedef struct {
    int fd;
    uint8_t *buf;
    size_t at, fill; /* the unread part of buf */
    bool eof;
} window;

static int set_read_error(char *error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, TRACE_ERROR_BYTES, format, args);
    va_end(args);
    return -1;
}

/* Makes `bytes` bytes readable at buf + at, if the file has them. Returns -1 with errno on a read error. */
static int fill_window(window *w, size_t bytes) {
    if (w->fill - w->at >= bytes || w->eof) {
        return 0;
    }
    memmove(w->buf, w->buf + w->at, w->fill - w->at);
    w->fill -= w->at;
    w->at = 0;
    while (w->fill < bytes && !w->eof) {
        ssize_t n = read(w->fd, w->buf + w->fill, READ_BYTES);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        w->eof = n == 0;
        w->fill += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* What begins at a position of the file. */
typedef enum {
    WHOLE,      /* an undamaged chunk */
    DAMAGED,    /* no usable chunk */
    CUT,        /* possibly the beginning of a chunk that the end of the file truncates */
    UNREADABLE, /* a read error, with errno */
} found;

/* A part of the file in which no intact chunk begins. */
typedef struct {
    bool open;
    bool began_cut;   /* it began with a chunk that extends beyond the end of the file */
    bool cut;         /* such a chunk began somewhere in it */
    uint64_t checked; /* bytes whose checksum was computed without success */
} hole;

/* Limit of bytes whose checksums are computed without success in one hole; after that, apparent chunks are skipped. By
 * chance the magic number occurs once in 4 GiB, so that only a crafted file reaches the limit. */
#define CHECKED_MAX (1u << 30)

/* Returns what begins at the window's position; *len is the length of an intact chunk. */
static found find_chunk_here(window *w, hole *h, size_t *len) {
    static const uint8_t magic[4] = {'M', 'T', 'C', 'K'};
    if (fill_window(w, TRACE_CHUNK_BYTES)) {
        return UNREADABLE;
    }
    const uint8_t *p = w->buf + w->at;
    size_t have = w->fill - w->at;
    if (memcmp(p, magic, have < sizeof magic ? have : sizeof magic) != 0) {
        return DAMAGED;
    }
    if (have < TRACE_CHUNK_BYTES) {
        return CUT;
    }
    uint32_t payload = trace_u32(p + 8);
    if (payload > TRACE_CHUNK_MAX_PAYLOAD || h->checked > CHECKED_MAX) {
        return DAMAGED;
    }
    *len = TRACE_CHUNK_BYTES + payload;
    if (fill_window(w, *len)) {
        return UNREADABLE;
    }
    p = w->buf + w->at;
    if (w->fill - w->at < *len) {
        return CUT;
    }
    uint32_t crc = trace_crc32c(0, p, TRACE_CHUNK_BYTES - 4);
    crc = trace_crc32c(crc, p + TRACE_CHUNK_BYTES, payload);
    if (crc == trace_u32(p + TRACE_CHUNK_BYTES - 4)) {
        return WHOLE;
    }
    h->checked += *len;
    return DAMAGED;
}

/* Skips bytes up to a possible beginning of a chunk. */
static void skip_to_magic(window *w, trace_status *status) {
    static const uint8_t magic[4] = {'M', 'T', 'C', 'K'};
    const uint8_t *from = w->buf + w->at + 1;
    const uint8_t *next = memmem(from, w->fill - w->at - 1, magic, sizeof magic);
    /* The last three bytes may be the beginning of a magic number that the window splits. */
    size_t keep = w->eof ? 0 : 3;
    size_t to = next ? (size_t)(next - w->buf) : w->fill - keep;
    to = to > w->at ? to : w->at + 1;
    status->bytes_skipped += to - w->at;
    w->at = to;
}

/* Counts the hole that ends here. If an intact chunk follows, a length beyond the end of the file is damage; at the end of
 * the file it means a truncated chunk. */
static void close_hole(hole *h, bool at_end, trace_status *status) {
    if (h->open) {
        status->cut |= at_end && h->cut;
        status->chunks_damaged += !at_end || !h->began_cut;
    }
    *h = (hole){0};
}

static int read_all_chunks(window *w, const char *path, const trace_visitor *v, trace_status *status,
                           char *error) {
    uint64_t done = w->at;
    hole h = {0};
    for (;;) {
        size_t len = 0;
        found what = find_chunk_here(w, &h, &len);
        if (what == UNREADABLE) {
            return set_read_error(error, "%s: cannot read: %s; copy the trace to an intact disk", path,
                                  strerror(errno));
        }
        if (w->fill == w->at) {
            close_hole(&h, true, status);
            return 0;
        }
        if (what != WHOLE) {
            h.began_cut |= !h.open && what == CUT;
            h.cut |= what == CUT;
            h.open = true;
            size_t before = w->at;
            skip_to_magic(w, status);
            done += w->at - before;
            continue;
        }
        close_hole(&h, false, status);
        int rc = trace_decode(w->buf + w->at, v, status);
        w->at += len;
        done += len;
        if (rc == 0 && v->progress) {
            rc = v->progress(v->ctx, done, status->bytes_total);
        }
        if (rc) {
            return rc;
        }
    }
}

static int read_file_header(window *w, const char *path, trace_header *h, char *error) {
    const uint8_t *p = w->buf;
    if (w->fill == 0) {
        return set_read_error(
            error, "%s: the file is empty; the recorded program may have been stopped before its first event",
            path);
    }
    if (w->fill < 8 || memcmp(p, TRACE_MAGIC, 8) != 0) {
        return set_read_error(
            error, "%s: not a moetrace trace; give the .moetrace file that a recording wrote", path);
    }
    if (w->fill < TRACE_HEADER_BYTES || trace_u32(p + 60) != trace_crc32c(0, p, 60)) {
        return set_read_error(error, "%s: the file header is cut or damaged; record the run again", path);
    }
    h->major = trace_u16(p + 8);
    h->minor = trace_u16(p + 10);
    h->realtime_ns = trace_u64(p + 16);
    h->monotonic_ns = trace_u64(p + 24);
    h->pid = trace_u32(p + 32);
    if (h->major != TRACE_VERSION_MAJOR || trace_u32(p + 12) < TRACE_HEADER_BYTES ||
        trace_u32(p + 12) > w->fill) {
        return set_read_error(
            error,
            "%s: trace format version %u.%u, but this moetrace reads version %d; use the moetrace "
            "that belongs "
            "to the recorder",
            path, h->major, h->minor, TRACE_VERSION_MAJOR);
    }
    w->at = trace_u32(p + 12);
    return 0;
}

/* Reads from the open file through the window's buffer. */
static int read_open_file(window *w, const char *path, const trace_visitor *v, trace_status *status,
                          char *error) {
    struct stat st;
    if (fstat(w->fd, &st)) {
        return set_read_error(error, "%s: cannot be opened: %s; check the path", path, strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return set_read_error(error, "%s: is a directory; give the .moetrace file in it", path);
    }
    if (fill_window(w, TRACE_HEADER_BYTES)) {
        return set_read_error(error, "%s: cannot read: %s; copy the trace to an intact disk", path,
                              strerror(errno));
    }
    status->bytes_total = (uint64_t)st.st_size;
    int rc = read_file_header(w, path, &status->header, error);
    return rc ? rc : read_all_chunks(w, path, v, status, error);
}

int trace_read(const char *path, const trace_visitor *v, trace_status *status,
               char error[TRACE_ERROR_BYTES]) {
    memset(status, 0, sizeof *status);
    uint8_t *buf = malloc(WINDOW_BYTES);
    if (!buf) {
        return set_read_error(error, "%s: no memory to read it; free some and try again", path);
    }
    int rc;
    window w = {.fd = open(path, O_RDONLY | O_CLOEXEC), .buf = buf};
    if (w.fd < 0) {
        rc = set_read_error(error, "%s: cannot open: %s; check the path", path, strerror(errno));
    } else {
        rc = read_open_file(&w, path, v, status, error);
        close(w.fd);
    }
    free(buf);
    return rc;
}
