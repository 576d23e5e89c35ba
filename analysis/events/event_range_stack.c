/* Ranges from their beginnings and ends. Readers of an export derive the nesting from times alone, so two
 * ranges of a thread never get the same start and the same end: the outer one is made longer, by 1 ns. */
#include "analysis/events/event_range_stack.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* ENDs kept for a START that comes later in the file. */
#define EARLY_MAX 65536

static events_stack *stack_of_thread(events_stacks *s, uint32_t thread) {
    s->stacks = base_grow(s->stacks, &s->cap, (size_t)thread + 1, sizeof *s->stacks);
    s->count = s->count > thread ? s->count : (size_t)thread + 1;
    return &s->stacks[thread];
}

bool events_stacks_wants(events_stacks *s, uint32_t thread) {
    return !s->glob || stack_of_thread(s, thread)->matching > 0;
}

/* Sets the end of the row, later than or at its start, and apart from the range that closed before it. */
static void set_range_end(events_stack *t, events_range *row, uint64_t time) {
    row->end = time > row->start ? time : row->start;
    if (row->start == t->last_start && row->end <= t->last_end) {
        row->end = t->last_end + 1;
    } else if (row->start < t->last_start && row->end < t->last_end &&
               row->end + BASE_NESTING_MAX > t->last_end) {
        row->end = t->last_end; /* the one inside was made longer */
    }
    t->last_start = row->start;
    t->last_end = row->end;
}

static uint64_t key_of_pushes(uint32_t thread, uint32_t domain) {
    return (uint64_t)thread << 32 | domain;
}

static void close_range_row(events_stacks *s, events_stack *t, size_t i, uint32_t thread, uint64_t time) {
    events_open_row *open = &t->list[i];
    set_range_end(t, &open->row, time);
    open->row.end_thread = thread;
    t->matching -= open->matches;
    if (open->wanted) {
        s->emit(s->ctx, &open->row);
    }
    open->closed = true;
    if (open->row.style == EVENTS_PUSH_POP) { /* it was the innermost of its domain */
        base_map_put(&s->pushed, key_of_pushes(open->row.thread, open->row.domain), open->pushed);
    }
    while (t->depth > 0 && t->list[t->depth - 1].closed) {
        t->depth--;
    }
}

void events_stacks_open(events_stacks *s, const events_range *row, const char *name) {
    events_stack *t = stack_of_thread(s, row->thread);
    bool matches = s->glob && fnmatch(s->glob, name, 0) == 0;
    for (size_t i = t->depth; matches && i-- > 0 && !t->list[i].wanted;) {
        t->list[i].wanted = true; /* the ranges around it */
    }
    if (t->depth >= BASE_NESTING_MAX) {
        return;
    }
    t->matching += matches;
    t->list = base_grow(t->list, &t->cap, t->depth + 1, sizeof *t->list);
    t->list[t->depth++] =
        (events_open_row){.row = *row, .wanted = !s->glob || t->matching > 0, .matches = matches};
    if (row->style != EVENTS_START_END) {
        uint64_t key = key_of_pushes(row->thread, row->domain);
        uint32_t below = base_map_get(&s->pushed, key);
        t->list[t->depth - 1].pushed = below != BASE_NONE ? below : 0;
        base_map_put(&s->pushed, key, (uint32_t)t->depth);
        return;
    }
    uint32_t early = base_map_get(&s->early, row->id);
    if (early == BASE_NONE) {
        base_map_put(&s->by_id, row->id, row->thread);
        base_map_put(&s->place, row->id, (uint32_t)t->depth - 1);
        return;
    }
    base_map_put(&s->early, row->id, BASE_NONE);
    close_range_row(s, t, t->depth - 1, s->ends[early].thread, s->ends[early].time);
}

void events_stacks_pop(events_stacks *s, uint32_t thread, uint32_t domain, uint64_t time) {
    uint32_t innermost = base_map_get(&s->pushed, key_of_pushes(thread, domain));
    if (innermost != BASE_NONE && innermost != 0) {
        close_range_row(s, stack_of_thread(s, thread), innermost - 1, thread, time);
    }
}

void events_stacks_end(events_stacks *s, uint32_t thread, uint64_t id, uint64_t time) {
    uint32_t owner = base_map_get(&s->by_id, id);
    if (owner != BASE_NONE) {
        base_map_put(&s->by_id, id, BASE_NONE);
        events_stack *t = stack_of_thread(s, owner);
        size_t at = base_map_get(&s->place, id);
        base_map_put(&s->place, id, BASE_NONE);
        if (at < t->depth && !t->list[at].closed && t->list[at].row.style == EVENTS_START_END &&
            t->list[at].row.id == id) {
            close_range_row(s, t, at, thread, time);
        }
    } else if (s->end_count < EARLY_MAX) {
        s->ends = base_grow(s->ends, &s->end_cap, s->end_count + 1, sizeof *s->ends);
        s->ends[s->end_count] = (events_early_end){.time = time, .thread = thread};
        base_map_put(&s->early, id, (uint32_t)s->end_count++);
    }
}

void events_stacks_finish(events_stacks *s, uint64_t time) {
    for (size_t i = 0; i < s->count; i++) {
        events_stack *t = &s->stacks[i];
        while (t->depth > 0) {
            events_open_row *open = &t->list[t->depth - 1];
            open->row.left_open = 1;
            close_range_row(s, t, t->depth - 1, open->row.thread, time);
        }
        free(t->list);
    }
    free(s->stacks);
    free(s->ends);
    base_map_free(&s->by_id);
    base_map_free(&s->early);
    base_map_free(&s->place);
    base_map_free(&s->pushed);
    memset(s, 0, sizeof *s);
}
