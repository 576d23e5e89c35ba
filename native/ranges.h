/* NVTX ranges around the parts of a request, in the default domain; docs/run_native.md documents their names. The names are
 * made once, so that a range without an NVTX tool costs two indirect calls. */
#ifndef NATIVE_RANGES_H
#define NATIVE_RANGES_H

#include "native/error.h"

#include <stdint.h>

typedef enum {
    NATIVE_RANGE_VISION,
    NATIVE_RANGE_POOL,
    NATIVE_RANGE_PROJECT,
    NATIVE_RANGE_PREFILL,
    NATIVE_RANGE_DECODE,
    NATIVE_RANGE_EMBED,
    NATIVE_RANGE_HEAD,
    NATIVE_RANGE_ATTENTION,
    NATIVE_RANGE_MOE,
    NATIVE_RANGE_ROUTER,
    NATIVE_RANGE_FIXED, /* number of kinds without a number in their names; those below have one */
    NATIVE_RANGE_TOP_K = NATIVE_RANGE_FIXED,
    NATIVE_RANGE_WARMUP,
    NATIVE_RANGE_SAMPLE,
    NATIVE_RANGE_STEP,    /* decode.N */
    NATIVE_RANGE_CAPTURE, /* capture.N: the same step, recorded into a CUDA graph */
    NATIVE_RANGE_LAYER,
    NATIVE_RANGE_VIT,
    NATIVE_RANGE_EXPERT,
    NATIVE_RANGE_KINDS
} native_range;

/* Makes the names, for numbered kinds those with numbers 0 .. counts[kind] - 1. On failure: false, with the error set. */
bool native_ranges_make(const int64_t counts[NATIVE_RANGE_KINDS], native_error *error);
void native_ranges_free(void);

/* Opens a range; `number` is 0 for kinds without one. */
void native_range_push(native_range kind, int64_t number);
/* The same with a signed 64-bit payload. */
void native_range_push_counted(native_range kind, int64_t number, int64_t payload);
/* Closes the range opened last. */
void native_range_pop(void);

/* Switches the recorder's profiling on or off, by a mark `watch on` or `watch off` in the domain "moetrace"
 * (docs/recording.md). */
void native_profiling(bool on);

#endif
