/* Ranges of NVTX domains other than the default. */
#include "analysis/attribution/range_domains.h"

#include "analysis/base/alloc.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static bool owns_work(const attribution_domains *d, const char *name) {
    for (size_t i = 0; i < d->choice.count; i++) {
        if (fnmatch(d->choice.globs[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void remember_name(attribution_domains *d, uint32_t name) {
    if (base_map_get(&d->by_name, name) == BASE_NONE) {
        d->names = base_grow(d->names, &d->name_cap, d->name_count + 1, sizeof *d->names);
        base_map_put(&d->by_name, name, (uint32_t)d->name_count);
        d->names[d->name_count++] = name;
    }
}

uint32_t attribution_domains_index(attribution_domains *d, names_table *names, uint32_t thread,
                                   uint32_t domain) {
    uint64_t key = (uint64_t)thread << 32 | domain;
    uint32_t i = base_map_get(&d->by_key, key);
    if (i == BASE_NONE) {
        uint32_t name = names_of_id(names, domain); /* may move the names */
        i = (uint32_t)d->count;
        d->list = base_grow(d->list, &d->cap, d->count + 1, sizeof *d->list);
        d->list[d->count++] =
            (attribution_domain){.thread = thread, .owns = owns_work(d, names->list[name].text)};
        d->open = base_grow(d->open, &d->thread_cap, (size_t)thread + 1, sizeof *d->open);
        base_map_put(&d->by_key, key, i);
        if (!d->list[i].owns) {
            remember_name(d, name);
        }
    }
    return i;
}

void attribution_domains_push(attribution_domains *d, uint32_t index) {
    d->list[index].counted++;
    d->open[d->list[index].thread]++;
}

bool attribution_domains_pop(attribution_domains *d, uint32_t index) {
    if (d->list[index].counted == 0) {
        return false;
    }
    d->list[index].counted--;
    d->open[d->list[index].thread]--;
    return true;
}

void attribution_domains_start(attribution_domains *d, uint32_t index, uint64_t id) {
    if (base_map_get(&d->ended, id) != BASE_NONE) {
        base_map_put(&d->ended, id, BASE_NONE);
    } else if (base_map_get(&d->started, id) == BASE_NONE) {
        base_map_put(&d->started, id, d->list[index].thread);
        d->open[d->list[index].thread]++;
    }
}

void attribution_domains_end(attribution_domains *d, uint64_t id) {
    uint32_t thread = base_map_get(&d->started, id);
    if (thread == BASE_NONE) {
        base_map_put(&d->ended, id, 0);
    } else {
        base_map_put(&d->started, id, BASE_NONE);
        d->open[thread]--;
    }
}

bool attribution_domains_any_open(const attribution_domains *d, uint32_t thread) {
    return thread < d->thread_cap && d->open[thread] > 0;
}

uint64_t attribution_domains_left_open(const attribution_domains *d) {
    uint64_t n = 0;
    for (size_t i = 0; i < d->count; i++) {
        n += d->list[i].counted;
    }
    return n;
}

void attribution_domains_free(attribution_domains *d) {
    free(d->list);
    base_map_free(&d->by_key);
    free(d->open);
    base_map_free(&d->started);
    base_map_free(&d->ended);
    free(d->names);
    base_map_free(&d->by_name);
}
