/* NVTX domains other than the default: whether their ranges own work, and which of the other ranges are open.
 *
 * Push/pop ranges nest per thread and domain. Ranges of domains that own no work are only counted, per thread, so that the
 * report can say how much GPU work was launched in them alone. */
#ifndef ATTRIBUTION_RANGE_DOMAINS_H
#define ATTRIBUTION_RANGE_DOMAINS_H

#include "analysis/base/u64_map.h"
#include "analysis/names/name_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Domains are chosen by their names, as fnmatch() has them. */
typedef struct {
    const char *const *globs;
    size_t count;
} attribution_domain_choice;

/* One domain on one thread. */
typedef struct {
    uint32_t thread; /* the thread's number */
    bool owns;       /* its ranges own work */
    /* open pushes that are only counted: all of them, or with `owns` those that are too deep */
    uint64_t counted;
    /* with `owns`: 1 + place on the thread's stack of its innermost open push; 0: there is none */
    uint32_t pushed;
} attribution_domain;

/* The caller sets `choice` and zeroes the rest. */
typedef struct {
    attribution_domain_choice choice;
    attribution_domain *list;
    size_t count, cap;
    base_map by_key; /* thread and the domain's string id -> list */
    uint64_t *open;  /* by the thread's number: its open ranges of domains that own no work */
    size_t thread_cap;
    base_map started; /* id of an open start/end range of such a domain -> its thread's number */
    base_map ended;   /* ids whose END was read before the START */
    uint32_t *names;  /* name indices of the domains that have ranges and own no work, each once */
    size_t name_count, name_cap;
    base_map by_name;
} attribution_domains;

/* Returns the index in `list` of a domain (a string id other than 0) on a thread, added if it is new. */
uint32_t attribution_domains_index(attribution_domains *d, names_table *names, uint32_t thread,
                                   uint32_t domain);

/* Counts a PUSH of a domain that owns no work. */
void attribution_domains_push(attribution_domains *d, uint32_t index);

/* Counts a POP of it; false without a push. */
bool attribution_domains_pop(attribution_domains *d, uint32_t index);

/* Counts the START and the END of a start/end range of it. */
void attribution_domains_start(attribution_domains *d, uint32_t index, uint64_t id);
void attribution_domains_end(attribution_domains *d, uint64_t id);

/* Returns whether a range of a domain that owns no work is open on a thread. */
bool attribution_domains_any_open(const attribution_domains *d, uint32_t thread);

/* Returns the number of open pushes that are only counted, of all threads. */
uint64_t attribution_domains_left_open(const attribution_domains *d);

void attribution_domains_free(attribution_domains *d);

#endif
