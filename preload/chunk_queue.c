/* See chunk_queue.h. */
#include "preload/chunk_queue.h"

#include "preload/page_alloc.h"
#include "preload/program_name.h"
#include "preload/trace_file.h"
#include "preload/warn_once.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OUT_BYTES (1u << 20)
#define TRIES     3 /* the target may close descriptors that it did not open */

static struct {
    const char *directory;
    void (*given_up)(void);
    uint8_t *bytes;
    size_t len;
    uint64_t lost_bytes;
    bool failed;
} out;

bool preload_chunk_queue_init(const char *directory, void (*given_up)(void)) {
    out.directory = directory;
    out.given_up = given_up;
    if (!out.bytes) {
        out.bytes = preload_page_alloc_map_reserved(OUT_BYTES);
    }
    return out.bytes != NULL;
}

void preload_chunk_queue_flush(void) {
    if (out.len == 0) {
        return;
    }
    if (!preload_file_exists()) {
        int rc = EBADF;
        for (int attempt = 0; attempt < TRIES && rc == EBADF; attempt++) {
            rc = preload_file_create(out.directory, preload_program_file_name());
        }
        if (rc) {
            out.failed = true;
            preload_warn_once("file",
                              "cannot create a trace in %s: %s; retrying, nothing is saved until then",
                              out.directory, strerror(rc));
            return;
        }
    }
    int rc = EBADF;
    for (int attempt = 0; attempt < TRIES && rc == EBADF && out.len > 0; attempt++) {
        size_t taken;
        rc = preload_file_append(out.bytes, out.len, &taken);
        out.len -= taken;
        memmove(out.bytes, out.bytes + taken, out.len);
    }
    if (rc) {
        out.failed = true;
        preload_warn_once("file", "cannot write %s: %s; retrying, events beyond the memory limit are lost",
                          preload_file_path(), strerror(rc));
    }
}

bool preload_chunk_queue_ready(void) {
    if (out.len > OUT_BYTES / 2) {
        preload_chunk_queue_flush();
    }
    return out.len <= OUT_BYTES / 2;
}

static void discard_queued_chunks(void) {
    out.lost_bytes += out.len;
    out.len = 0;
    out.given_up();
}

bool preload_chunk_queue_append(trace_chunk *c) {
    if (c->records == 0) {
        return true;
    }
    size_t len = trace_chunk_end(c);
    if (OUT_BYTES - out.len < len) {
        preload_chunk_queue_flush();
    }
    if (OUT_BYTES - out.len < len) {
        out.lost_bytes += len; /* the chunks that it refers to are discarded, too */
        discard_queued_chunks();
        return false;
    }
    memcpy(out.bytes + out.len, c->buf, len);
    out.len += len;
    return true;
}

void preload_chunk_queue_finish(void (*last)(void)) {
    preload_chunk_queue_flush();
    if (!preload_file_exists()) {
        return;
    }
    for (int attempt = 0; attempt < 3; attempt++) {
        if (out.len > 0) {
            discard_queued_chunks();
        }
        last();
        preload_chunk_queue_flush();
        if (out.len == 0) {
            return;
        }
        out.lost_bytes += preload_file_cut_back();
        out.len = 0;
    }
}

uint64_t preload_chunk_queue_lost_bytes(void) {
    return out.lost_bytes;
}

size_t preload_chunk_queue_waiting(void) {
    return out.len;
}

bool preload_chunk_queue_failed(void) {
    return out.failed;
}

void preload_chunk_queue_lose(size_t bytes) {
    out.lost_bytes += bytes;
}

void preload_chunk_queue_after_fork(void) {
    out.len = 0;
    out.lost_bytes = 0;
    out.failed = false;
}
