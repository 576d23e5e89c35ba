/* Graph launches that are pending: see cupti_graph_launches.h. */
#include "cupti/cupti_graph_launches.h"

#include "cupti/cupti_abi.h"

#include <stdatomic.h>
#include <stddef.h>

#define SLOT_BITS 12
#define SLOTS     (1u << SLOT_BITS)
#define PROBES    16u /* number of slots that a launch or a graph may use */
/* No record arrives later than this many ids, even when the ids wrap around. */
#define TOO_OLD (1u << 22)
/* Uncertainty between the GPU's clock and the host's. */
#define CLOCK_ERROR_NS 50000u

/* A set of correlation ids. */
typedef struct {
    atomic_uint slots[SLOTS]; /* 0: free */
} launch_set;

static struct {
    launch_set pending;
    atomic_uint pending_count;
    atomic_bool untracked; /* a launch did not fit into the set */
    atomic_bool any;
    struct {
        _Atomic(const void *) graph; /* NULL: free */
        atomic_uint latest;          /* correlation id of its latest launch */
    } graphs[SLOTS];

    launch_set doubtful;
    atomic_bool any_doubt;
    atomic_bool any_all_doubt, any_closed; /* the next two members are valid */
    atomic_uint all_doubt;                 /* launches up to this one get no times */
    atomic_uint closed; /* launches above `all_doubt` and up to this one have received all their records */
    atomic_bool exist;  /* graphs were created */
    /* A record without correlation id that starts earlier does not belong to a launch during recording. */
    atomic_uint_fast64_t opened;
    atomic_uint last_taken; /* the launch of the latest record; its other records follow */
} launches;

static uint32_t hash_of_launch(uint64_t key) {
    return (uint32_t)(key * 0x9e3779b97f4a7c15u >> (64 - SLOT_BITS));
}

static atomic_uint *set_slot(launch_set *set, uint32_t correlation, uint32_t probe) {
    return &set->slots[(hash_of_launch(correlation) + probe) & (SLOTS - 1)];
}

static bool remove_launch(launch_set *set, uint32_t correlation) {
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        unsigned expected = correlation;
        if (atomic_compare_exchange_strong(set_slot(set, correlation, probe), &expected, 0)) {
            return true;
        }
    }
    return false;
}

static bool has_launch(launch_set *set, uint32_t correlation) {
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        if (atomic_load(set_slot(set, correlation, probe)) == correlation) {
            return true;
        }
    }
    return false;
}

/* Replaces launches older than `age`. */
static bool add_launch(launch_set *set, uint32_t correlation, uint32_t age) {
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        atomic_uint *slot = set_slot(set, correlation, probe);
        unsigned owner = atomic_load(slot);
        if ((owner == 0 || correlation - owner > age) &&
            atomic_compare_exchange_strong(slot, &owner, correlation)) {
            return true;
        }
    }
    return false;
}

/* Returns the slot of a graph's latest launch; NULL when there is no room. */
static atomic_uint *latest_of(const void *graph) {
    for (uint32_t probe = 0; graph && probe < PROBES; probe++) {
        uint32_t at = (hash_of_launch((uintptr_t)graph) + probe) & (SLOTS - 1);
        const void *owner = NULL;
        if (atomic_compare_exchange_strong(&launches.graphs[at].graph, &owner, graph) || owner == graph) {
            return &launches.graphs[at].latest;
        }
    }
    return NULL;
}

/* Discards bounds before the ids wrap around. */
static void forget_old_bound(atomic_bool *any, const atomic_uint *bound, uint32_t correlation) {
    if (atomic_load(any) && correlation - atomic_load(bound) > TOO_OLD) {
        atomic_store(any, false);
    }
}

static bool is_up_to_bound(const atomic_bool *any, const atomic_uint *bound, uint32_t correlation) {
    return atomic_load(any) && (int32_t)(atomic_load(bound) - correlation) >= 0;
}

static void settle_launch(uint32_t correlation) {
    if (remove_launch(&launches.pending, correlation)) {
        atomic_fetch_sub(&launches.pending_count, 1);
    }
}

static void doubt_launch(uint32_t correlation) {
    if (!add_launch(&launches.doubtful, correlation, TOO_OLD)) {
        atomic_store(&launches.all_doubt, correlation);
        atomic_store(&launches.any_all_doubt, true);
    }
    atomic_store(&launches.any_doubt, true);
}

void cupti_graph_launches_exist(void) {
    if (!atomic_load_explicit(&launches.exist, memory_order_relaxed)) {
        atomic_store(&launches.exist, true);
    }
}

void cupti_graph_launches_open(uint64_t now) {
    atomic_store(&launches.opened, now);
}

void cupti_graph_launches_begin(uint32_t correlation) {
    forget_old_bound(&launches.any_all_doubt, &launches.all_doubt, correlation);
    forget_old_bound(&launches.any_closed, &launches.closed, correlation);
    atomic_store(&launches.any, true);
    atomic_fetch_add(&launches.pending_count, 1);
    if (!add_launch(&launches.pending, correlation, UINT32_MAX)) {
        atomic_fetch_sub(&launches.pending_count, 1);
        atomic_store(&launches.untracked, true);
    }
}

void cupti_graph_launches_end(uint32_t correlation, const void *graph, bool failed) {
    atomic_uint *latest = failed ? NULL : latest_of(graph);
    if (failed) {
        settle_launch(correlation);
    } else if (latest) {
        uint32_t before = atomic_exchange(latest, correlation);
        if (before != 0) {
            settle_launch(before); /* it is no longer at risk */
        }
    }
}

void cupti_graph_launches_overwrite(const void *graph, uint32_t correlation) {
    atomic_uint *latest = latest_of(graph);
    uint32_t before = latest ? atomic_load(latest) : 0;
    if (before != 0 && has_launch(&launches.pending, before)) {
        doubt_launch(before); /* before it is no longer pending */
        settle_launch(before);
    }
    doubt_launch(correlation);
    settle_launch(correlation);
}

/* Fields that all record kinds have, at their own offsets. */
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
    if (r.correlation == 0) {
        return *r.start == 0 || *r.start + CLOCK_ERROR_NS >= atomic_load(&launches.opened);
    }
    bool doubtful = is_up_to_bound(&launches.any_all_doubt, &launches.all_doubt, r.correlation) ||
                    (atomic_load(&launches.any_doubt) && has_launch(&launches.doubtful, r.correlation));
    if (r.correlation != atomic_exchange(&launches.last_taken, r.correlation)) {
        settle_launch(r.correlation);
    }
    if (doubtful) {
        *r.start = *r.end = 0;
        return true;
    }
    return !is_up_to_bound(&launches.any_closed, &launches.closed, r.correlation);
}

bool cupti_graph_launches_need_records(void) {
    return atomic_load(&launches.exist) && (atomic_load(&launches.any) || atomic_load(&launches.any_doubt) ||
                                            atomic_load(&launches.any_closed));
}

bool cupti_graph_launches_any(void) {
    return atomic_load(&launches.any);
}

bool cupti_graph_launches_pending(void) {
    return atomic_load(&launches.pending_count) > 0 || atomic_load(&launches.untracked);
}

void cupti_graph_launches_close(uint32_t latest) {
    bool all_here = !cupti_graph_launches_pending();
    if (atomic_exchange(&launches.untracked, false)) {
        atomic_store(&launches.all_doubt, latest);
        atomic_store(&launches.any_all_doubt, true);
    }
    for (uint32_t i = 0; !all_here && i < SLOTS; i++) {
        uint32_t correlation = atomic_load(&launches.pending.slots[i]);
        if (correlation != 0) {
            doubt_launch(correlation);
            settle_launch(correlation);
        }
    }
    if (all_here) {
        atomic_store(&launches.closed, latest);
        atomic_store(&launches.any_closed, true);
        atomic_store(&launches.opened, UINT64_MAX); /* until records are enabled again */
    }
    atomic_store(&launches.any, false);
}

void cupti_graph_launches_forget(void) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        atomic_store(&launches.pending.slots[i], 0);
        atomic_store(&launches.doubtful.slots[i], 0);
        atomic_store(&launches.graphs[i].graph, NULL);
        atomic_store(&launches.graphs[i].latest, 0);
    }
    atomic_store(&launches.pending_count, 0);
    atomic_store(&launches.untracked, false);
    atomic_store(&launches.any, false);
    atomic_store(&launches.any_doubt, false);
    atomic_store(&launches.any_all_doubt, false);
    atomic_store(&launches.any_closed, false);
    atomic_store(&launches.exist, false);
    atomic_store(&launches.opened, 0);
    atomic_store(&launches.last_taken, 0);
}
