/* See profiling_state.h. */
#include "preload/profiling_state.h"

#include <stdatomic.h>

static atomic_bool profiling;
static atomic_uint profiling_epoch;

bool preload_profiling(void) {
    return atomic_load_explicit(&profiling, memory_order_relaxed);
}

uint32_t preload_profiling_epoch(void) {
    return atomic_load_explicit(&profiling_epoch, memory_order_relaxed);
}

void preload_profiling_init(bool on) {
    atomic_store(&profiling, on);
}

void preload_profiling_change(bool on) {
    atomic_fetch_add(&profiling_epoch, 1);
    atomic_store(&profiling, on);
}
