/* Graph launches that are pending: see cupti_graph_launches.h. */
#include "cupti/cupti_graph_launches.h"

#include "cupti/cupti_abi.h"

#include <stdatomic.h>
#include <stddef.h>

#define SLOT_BITS 13
#define SLOTS     (1u << SLOT_BITS)
#define PROBES    16u /* slots in which a launch may stand */
#define TOO_OLD   (1u << 30)

static struct {
    atomic_uint slots[SLOTS]; /* correlation ids; 0: free */
    atomic_uint pending;
    atomic_bool untracked;             /* a launch found no slot */
    atomic_bool any_doubt, any_closed; /* the next two mean something */
    atomic_uint doubt;                 /* launches up to this one get no times */
    atomic_uint closed;     /* launches up to this one, and above `doubt`, have had all their records */
    atomic_uint last_taken; /* the launch whose record came last: its other records follow */
} launches;

static atomic_uint *probe_slot(uint32_t correlation, uint32_t probe) {
    uint32_t hash = correlation * 2654435769u >> (32 - SLOT_BITS);
    return &launches.slots[(hash + probe) & (SLOTS - 1)];
}

/* Before the ids begin again. */
static void forget_old(atomic_bool *any, atomic_uint *bound, uint32_t correlation) {
    if (atomic_load(any) && correlation - atomic_load(bound) > TOO_OLD) {
        atomic_store(any, false);
    }
}

static bool is_up_to(const atomic_bool *any, const atomic_uint *bound, uint32_t correlation) {
    return atomic_load(any) && (int32_t)(atomic_load(bound) - correlation) >= 0;
}

void cupti_graph_launches_add(uint32_t correlation) {
    forget_old(&launches.any_doubt, &launches.doubt, correlation);
    forget_old(&launches.any_closed, &launches.closed, correlation);
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        unsigned nobody = 0;
        atomic_fetch_add(&launches.pending, 1);
        if (atomic_compare_exchange_strong(probe_slot(correlation, probe), &nobody, correlation)) {
            return;
        }
        atomic_fetch_sub(&launches.pending, 1);
    }
    atomic_store(&launches.untracked, true);
}

void cupti_graph_launches_cancel(uint32_t correlation) {
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        unsigned expected = correlation;
        if (atomic_compare_exchange_strong(probe_slot(correlation, probe), &expected, 0)) {
            atomic_fetch_sub(&launches.pending, 1);
            return;
        }
    }
}

/* What records of every kind have, each at an offset of its own. */
typedef struct {
    uint32_t correlation, graph;
    uint64_t *start, *end;
} record_view;

#define VIEW(record)                                                                                         \
    (record_view) {                                                                                          \
        (record)->correlation, (record)->graph, &(record)->start, &(record)->end                             \
    }

static record_view view_of(void *record) {
    switch (*(const uint32_t *)record) {
    case CUPTI_ABI_KIND_KERNEL:
    case CUPTI_ABI_KIND_CONCURRENT_KERNEL:
        return VIEW((cupti_kernel *)record);
    case CUPTI_ABI_KIND_MEMCPY:
        return VIEW((cupti_memcpy *)record);
    case CUPTI_ABI_KIND_MEMCPY2:
        return VIEW((cupti_memcpy_peer *)record);
    case CUPTI_ABI_KIND_MEMSET:
        return VIEW((cupti_memset *)record);
    default:
        return (record_view){0};
    }
}

bool cupti_graph_launches_record(void *record) {
    record_view r = view_of(record);
    if (r.graph == 0) {
        return true;
    }
    if (r.correlation != atomic_exchange(&launches.last_taken, r.correlation)) {
        cupti_graph_launches_cancel(r.correlation);
    }
    if (is_up_to(&launches.any_doubt, &launches.doubt, r.correlation)) {
        *r.start = *r.end = 0;
        return true;
    }
    return !is_up_to(&launches.any_closed, &launches.closed, r.correlation);
}

bool cupti_graph_launches_pending(void) {
    return atomic_load(&launches.pending) > 0 || atomic_load(&launches.untracked);
}

bool cupti_graph_launches_need_records(void) {
    return cupti_graph_launches_pending() || atomic_load(&launches.any_doubt) ||
           atomic_load(&launches.any_closed);
}

void cupti_graph_launches_give_up(uint32_t latest) {
    if (!cupti_graph_launches_pending()) {
        return;
    }
    atomic_store(&launches.doubt, latest);
    atomic_store(&launches.any_doubt, true);
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (atomic_exchange(&launches.slots[i], 0) != 0) {
            atomic_fetch_sub(&launches.pending, 1);
        }
    }
    atomic_store(&launches.untracked, false);
}

void cupti_graph_launches_close(uint32_t latest) {
    atomic_store(&launches.closed, latest);
    atomic_store(&launches.any_closed, true);
}

void cupti_graph_launches_forget(void) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        atomic_store(&launches.slots[i], 0);
    }
    atomic_store(&launches.pending, 0);
    atomic_store(&launches.untracked, false);
    atomic_store(&launches.any_doubt, false);
    atomic_store(&launches.any_closed, false);
    atomic_store(&launches.last_taken, 0);
}
