/* The open ranges of a thread, as a list, since few are open at a time. */
#include "analysis/input/open_ranges.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool input_ranges_cross(const input_open_ranges *o, uint32_t domain, int64_t start, int64_t end) {
    for (size_t i = 0; i < o->depth; i++) {
        const input_open_range *r = &o->list[i];
        if (r->id == 0 && r->domain == domain && r->end > start && r->end < end) {
            return true;
        }
    }
    return false;
}

void input_ranges_open(input_open_ranges *o, input_open_range range) {
    assert(o->depth < BASE_NESTING_MAX);
    o->list = base_grow(o->list, &o->cap, o->depth + 1, sizeof *o->list);
    o->first_end = o->depth == 0 || range.end < o->first_end ? range.end : o->first_end;
    o->list[o->depth++] = range;
}

bool input_ranges_close_next(input_open_ranges *o, int64_t limit, input_open_range *closed) {
    if (o->depth == 0 || o->first_end >= limit) {
        return false;
    }
    size_t first = o->depth - 1;
    for (size_t i = o->depth; i-- > 0;) {
        first = o->list[i].end < o->list[first].end ? i : first;
    }
    o->first_end = o->list[first].end;
    if (o->first_end >= limit) {
        return false;
    }
    *closed = o->list[first];
    memmove(&o->list[first], &o->list[first + 1], (--o->depth - first) * sizeof *o->list);
    return true;
}

void input_ranges_free(input_open_ranges *o) {
    free(o->list);
    *o = (input_open_ranges){0};
}
