/* GPU records whose times cannot be: see record_check.h. */
#include "analysis/attribution/record_check.h"

#include <stddef.h>

static attribution_checked *at_number(attribution_record_check *c, uint32_t number) {
    return &c->window[number % ATTRIBUTION_CHECK_WINDOW];
}

/* Transfers of a stream may seem to overlap: a copy of pageable memory is made in parts. Those of graphs have the times
 * of their launch. */
static bool takes_turns(const trace_gpu_event *e) {
    return e->timed && (e->kind == TRACE_GPU_KERNEL || e->graph != 0);
}

/* Notes whether the record before it on its stream had not ended. */
static void compare_with_previous(attribution_record_check *c, uint32_t number) {
    const trace_gpu_event *e = &at_number(c, number)->event;
    uint32_t at = e->queue % ATTRIBUTION_CHECK_STREAMS;
    uint32_t previous = c->newest[at].newest - 1;
    bool known =
        c->newest[at].newest != 0 && c->newest[at].queue == e->queue && previous - c->tail < number - c->tail;
    if (known && at_number(c, previous)->event.end > e->start) {
        at_number(c, previous)->overlapped = true;
    }
    c->newest[at].queue = e->queue;
    c->newest[at].newest = number + 1;
}

/* Whether more records of its stream begin before it ends than can, or those of its whole graph launch. */
static bool lies_over_successors(attribution_record_check *c, uint32_t number, bool first_of_launch) {
    const trace_gpu_event *e = &at_number(c, number)->event;
    uint32_t over = 0, of_launch = 1;
    bool whole = e->graph != 0 && first_of_launch;
    for (uint32_t next = number + 1; next != c->head && over < ATTRIBUTION_CHECK_AT_ONCE; next++) {
        const trace_gpu_event *n = &at_number(c, next)->event;
        if (n->queue != e->queue || !takes_turns(n)) {
            continue;
        }
        bool same = n->correlation == e->correlation;
        if (n->start >= e->end) {
            whole = whole && !same;
            break;
        }
        over++;
        of_launch += same;
    }
    return over == ATTRIBUTION_CHECK_AT_ONCE || (whole && of_launch >= ATTRIBUTION_CHECK_GRAPH);
}

static bool is_impossible(attribution_record_check *c, uint32_t number) {
    const attribution_checked *r = at_number(c, number);
    const trace_gpu_event *e = &r->event;
    if (!takes_turns(e)) {
        return false;
    }
    uint32_t at = e->queue % ATTRIBUTION_CHECK_STREAMS;
    bool first = c->left[at].queue != e->queue || c->left[at].correlation != e->correlation;
    c->left[at].queue = e->queue;
    c->left[at].correlation = e->correlation;
    if (e->graph != 0 && e->correlation == c->wrong_launch) {
        return true;
    }
    if (!r->overlapped || !lies_over_successors(c, number, first)) {
        return false;
    }
    c->wrong_launch = e->graph != 0 ? e->correlation : c->wrong_launch;
    return true;
}

const attribution_checked *attribution_record_check_take(attribution_record_check *c) {
    if (c->tail == c->head) {
        return NULL;
    }
    attribution_checked *oldest = at_number(c, c->tail);
    oldest->impossible = is_impossible(c, c->tail);
    c->tail++;
    return oldest;
}

const attribution_checked *attribution_record_check_make_room(attribution_record_check *c) {
    bool full = c->head - c->tail == ATTRIBUTION_CHECK_WINDOW;
    return full ? attribution_record_check_take(c) : NULL;
}

void attribution_record_check_put(attribution_record_check *c, const trace_gpu_event *e) {
    attribution_checked *slot = at_number(c, c->head++);
    slot->event = *e;
    slot->overlapped = slot->impossible = false;
    if (takes_turns(e)) {
        compare_with_previous(c, c->head - 1);
    }
}
