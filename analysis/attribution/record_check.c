/* GPU records with impossible times: see record_check.h. */
#include "analysis/attribution/record_check.h"

/* Whether a record outside graphs continues long after later kernels of its stream ran one after another. */
static bool outlasts_successors(attribution_record_check *c, uint32_t number) {
    const trace_gpu_event *e = &attribution_record_check_slot(c, number)->event;
    uint64_t last_end = e->start;
    uint32_t ran = 0;
    for (uint32_t next = number + 1; next != c->head && ran < ATTRIBUTION_CHECK_SUCCESSORS; next++) {
        const trace_gpu_event *n = &attribution_record_check_slot(c, next)->event;
        if (n->queue == e->queue && attribution_record_check_takes_turns(n) && n->start >= last_end &&
            n->end <= e->end) {
            last_end = n->end;
            ran++;
        }
    }
    return ran == ATTRIBUTION_CHECK_SUCCESSORS && e->end - last_end > ATTRIBUTION_CHECK_OVERRUN;
}

/* Whether more records of its stream, or of its graph launch, begin before it ends than possible. */
static bool lies_over_successors(attribution_record_check *c, uint32_t number) {
    const attribution_checked *r = attribution_record_check_slot(c, number);
    const trace_gpu_event *e = &r->event;
    uint32_t over = 0, of_launch = 1;
    bool whole = e->graph != 0 && r->first;
    for (uint32_t next = number + 1; next != c->head && over < ATTRIBUTION_CHECK_AT_ONCE; next++) {
        const trace_gpu_event *n = &attribution_record_check_slot(c, next)->event;
        if (n->queue != e->queue || !attribution_record_check_takes_turns(n)) {
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

void attribution_record_check_decide(attribution_record_check *c) {
    attribution_checked *oldest = attribution_record_check_slot(c, c->tail);
    const trace_gpu_event *e = &oldest->event;
    if (e->graph != 0 && c->has_wrong_launch && e->correlation == c->wrong_launch) {
        oldest->impossible = e->timed;
    } else if (oldest->overlapped && e->graph == 0 && outlasts_successors(c, c->tail)) {
        oldest->impossible = true;
    } else if (oldest->overlapped && lies_over_successors(c, c->tail)) {
        oldest->impossible = true;
        if (e->graph != 0) {
            c->has_wrong_launch = true;
            c->wrong_launch = e->correlation;
        }
    }
}
