/* Fuzz target for the importer of Chrome traces: whatever the file is, it is read or refused with one line,
 * and the events that it gives are as a trace's are. */
#include "analysis/input/chrome/chrome_reader.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[TRACE_ERROR_BYTES] = "";
    trace_status status;
    fuzz_seen seen = {.stop_at = 0}, part = {.stop_at = 3};
    trace_visitor all = fuzz_visitor(&seen), some = fuzz_visitor(&part);
    const char *path = fuzz_file(data, size);
    int rc = input_chrome_read(path, &all, &status, error);
    fuzz_check_end(rc, error);
    int stopped = input_chrome_read(path, &some, &status, error);
    fuzz_check(stopped == (seen.records >= 3 ? FUZZ_STOPPED : rc), "a visitor cannot stop the reading");
    return 0;
}
