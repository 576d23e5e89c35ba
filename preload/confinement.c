/* See confinement.h. */
#include "preload/confinement.h"

#include <stdatomic.h>

static atomic_bool opening_forbidden, threads_forbidden;

bool preload_may_open(void) {
    return !atomic_load_explicit(&opening_forbidden, memory_order_relaxed);
}

void preload_forbid_opening(void) {
    atomic_store(&opening_forbidden, true);
}

bool preload_may_make_threads(void) {
    return !atomic_load_explicit(&threads_forbidden, memory_order_relaxed);
}

void preload_forbid_threads(void) {
    atomic_store(&threads_forbidden, true);
}
