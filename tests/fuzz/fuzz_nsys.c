/* Fuzz target for the importer of Nsight Systems' SQLite exports: whatever the file is, it is read or refused
 * with one line. */
#include "analysis/input/capture_reader.h"
#include "analysis/input/nsys/nsys_processes.h"
#include "analysis/input/nsys/nsys_reader.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[4096];

static void remove_file(void) {
    unlink(path);
}

/* SQLite wants a file with a name. */
static const char *file_of(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (fd < 0) {
        const char *folder = getenv("TMPDIR");
        snprintf(path, sizeof path, "%s/fuzz-nsys-XXXXXX", folder ? folder : "/tmp");
        fd = mkstemp(path);
        atexit(remove_file);
    }
    fuzz_check(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size,
               "no file to read from");
    return path;
}

static void on_sync(void *ctx, const input_sync *s) {
    (void)ctx;
    fuzz_check(s->end >= s->start && s->start > 0, "a synchronisation without a time");
}

static void on_overhead(void *ctx, const input_overhead *o) {
    (void)ctx;
    fuzz_check(o->end >= o->start && o->start > 0, "overhead without a time");
}

static void on_nvtx(void *ctx, const input_nvtx *e) {
    (void)ctx;
    fuzz_check(e->time > 0, "an NVTX event without a time");
}

static void on_places(void *ctx, input_place from, input_place to) {
    (void)ctx, (void)from, (void)to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[TRACE_ERROR_BYTES] = "";
    trace_status status;
    uint64_t *processes;
    fuzz_seen seen = {.stop_at = 0}, once_seen = {.stop_at = 0};
    trace_visitor all = fuzz_visitor(&seen), once = fuzz_visitor(&once_seen);
    const input_extras extras = {
        .sync = on_sync, .overhead = on_overhead, .nvtx = on_nvtx, .places = on_places};
    int rc = input_nsys_read(file_of(data, size), size % 3 + 1, false, &all, size % 2 ? &extras : NULL,
                             &status, error);
    fuzz_check_end(rc, error);
    *error = '\0';
    int in_one_go = input_nsys_read(path, size % 3 + 1, true, &once, NULL, &status, error);
    fuzz_check((in_one_go == 0 || in_one_go == INPUT_READ_AGAIN) && *error == '\0', "an error of its own");
    input_nsys_processes(path, true, &processes);
    free(processes);
    return 0;
}
