/* Fuzz target for the trace reader. Whatever the bytes are, it reads them with no fault, within bounds, and
 * says how that went the same way whether or not anybody wants the records. Mutations get their checksums
 * mended, for else nothing behind a checksum would ever be reached. */
#include "tests/fuzz/fuzz.h"

#define UNMENDED 8 /* one mutation in so many keeps its wrong checksums */
#define COMPARED 4 /* one input in so many is read three times */

static void check_status(const trace_status *s, size_t size) {
    fuzz_check(s->bytes_total == size, "the size is another");
    fuzz_check(s->bytes_skipped <= size, "more was skipped than there is");
    fuzz_check(s->chunks <= size / TRACE_CHUNK_BYTES, "more chunks than fit");
    fuzz_check(s->chunks_unknown <= s->chunks, "more unknown chunks than chunks");
}

static bool same(const trace_status *a, const trace_status *b) {
    return a->bytes_skipped == b->bytes_skipped && a->chunks == b->chunks &&
           a->chunks_unknown == b->chunks_unknown && a->chunks_damaged == b->chunks_damaged &&
           a->cut == b->cut && a->ended == b->ended && a->header.pid == b->header.pid;
}

/* The same file, when nobody looks at the records, and when somebody has seen enough. */
static void compare(const char *path, int rc, const trace_status *with, const fuzz_seen *seen) {
    char error[TRACE_ERROR_BYTES];
    trace_status without, stopped;
    trace_visitor nobody = {.ctx = NULL};
    fuzz_seen part = {.stop_at = 3};
    trace_visitor some = fuzz_visitor(&part);
    fuzz_check(trace_read(path, &nobody, &without, error) == rc, "another end when nobody looks");
    fuzz_check(rc || same(with, &without), "another status when nobody looks");
    fuzz_check(trace_read(path, &some, &stopped, error) == (seen->records >= 3 ? FUZZ_STOPPED : rc),
               "a visitor cannot stop the reading");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[TRACE_ERROR_BYTES] = "";
    trace_status status;
    fuzz_seen seen = {.stop_at = 0};
    trace_visitor all = fuzz_visitor(&seen);
    const char *path = fuzz_file(data, size);
    int rc = trace_read(path, &all, &status, error);
    fuzz_check_end(rc, error);
    if (rc == 0) {
        check_status(&status, size);
    }
    if (seen.sum % COMPARED == 0) {
        compare(path, rc, &status, &seen);
    }
    return 0;
}

static uint32_t word(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void mend(uint8_t *data, size_t size) {
    for (size_t at = TRACE_HEADER_BYTES; at + TRACE_CHUNK_BYTES <= size;) {
        uint32_t payload = word(data + at + 8);
        if (word(data + at) != TRACE_CHUNK_MAGIC || payload > size - at - TRACE_CHUNK_BYTES) {
            at++;
            continue;
        }
        uint32_t crc = trace_crc32c(0, data + at, TRACE_CHUNK_BYTES - 4);
        crc = trace_crc32c(crc, data + at + TRACE_CHUNK_BYTES, payload);
        for (unsigned i = 0; i < 4; i++) {
            data[at + TRACE_CHUNK_BYTES - 4 + i] = (uint8_t)(crc >> 8 * i);
        }
        at += TRACE_CHUNK_BYTES + payload;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % UNMENDED) {
        mend(data, size);
    }
    return size;
}
