/* What the fuzz targets share: a visitor that looks at every byte that it is shown, and what must hold of any
 * file. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "trace/trace.h"

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry points. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

typedef struct {
    uint64_t sum; /* of everything that was shown */
    uint64_t records;
    uint64_t stop_at; /* this record's visitor returns FUZZ_STOPPED; 0: none does */
} fuzz_seen;

#define FUZZ_STOPPED 77

/* A visitor for all records, that counts into *seen and aborts on what the interface rules out. */
trace_visitor fuzz_visitor(fuzz_seen *seen);

/* The path of a file that holds these bytes, until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Ends the process, unless reading ended as it may: with 0, or with -1 and one line. */
void fuzz_check_end(int rc, const char *error);

/* Ends the process, with one line that says what did not hold. */
void fuzz_check(bool holds, const char *what);

#endif
