/* Converts events of a Chrome trace to items, by category and phase, with valid times. Events without a valid time are
 * counted; GPU work without one is kept as work without a time. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *category;
    uint8_t kind;
} kinds[] = {{"user_annotation", INPUT_CHROME_RANGE},
             {"nvtx", INPUT_CHROME_RANGE},
             {"cuda_runtime", INPUT_CHROME_CALL},
             {"cuda_driver", INPUT_CHROME_CALL},
             {"xpu_runtime", INPUT_CHROME_CALL},
             {"xpu_driver", INPUT_CHROME_CALL},
             {"privateuse1_runtime", INPUT_CHROME_CALL},
             {"privateuse1_driver", INPUT_CHROME_CALL},
             {"kernel", INPUT_CHROME_KERNEL},
             {"Kernel", INPUT_CHROME_KERNEL},
             {"gpu_memcpy", INPUT_CHROME_COPY},
             {"Memcpy", INPUT_CHROME_COPY},
             {"gpu_memset", INPUT_CHROME_MEMSET},
             {"Memset", INPUT_CHROME_MEMSET},
             {"Runtime", INPUT_CHROME_CALL}};

static uint8_t kind_of_category(const char *category) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(category, kinds[i].category) == 0) {
            return kinds[i].kind;
        }
    }
    return 0;
}

static void count_category(input_chrome_reading *rd, const char *name) {
    for (size_t i = 0; i < rd->category_count; i++) {
        if (strcmp(rd->categories[i].name, name) == 0) {
            rd->categories[i].count++;
            return;
        }
    }
    if (rd->category_count < INPUT_CHROME_CATEGORIES_MAX) {
        input_chrome_category *c = &rd->categories[rd->category_count++];
        memcpy(c->name, name, strlen(name) + 1);
        c->count = 1;
    }
}

/* Parses "Memcpy DtoH (Device -> Pinned)" and "Memset (Device)" into CUPTI's numbers of copy and memory kinds. */
static void read_memory_kinds(input_chrome_item *i, const char *name) {
    static const char *const copies[] = {"HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                         "AtoD", "DtoA", "DtoD", "HtoH", "PtoP"};
    static const char *const memories[] = {"Pageable", "Pinned",        "Device",        "Array",
                                           "Managed",  "Device Static", "Managed Static"};
    const char *open = strchr(name, '('), *arrow = open ? strstr(open, " -> ") : NULL;
    for (size_t k = 0; k < sizeof copies / sizeof *copies; k++) {
        if (strncmp(name, "Memcpy ", 7) == 0 && strncmp(name + 7, copies[k], 4) == 0) {
            i->copy_kind = (uint8_t)(k + 1);
        }
    }
    for (size_t k = 0; open && k < sizeof memories / sizeof *memories; k++) {
        size_t len = strlen(memories[k]);
        if (strncmp(open + 1, memories[k], len) == 0 && strchr(") ", open[1 + len])) {
            *(i->kind == INPUT_CHROME_COPY ? &i->src : &i->dst) = (uint8_t)(k + 1);
        }
        if (arrow && strncmp(arrow + 4, memories[k], len) == 0 && arrow[4 + len] == ')') {
            i->dst = (uint8_t)(k + 1);
        }
    }
}

static bool is_time(int64_t ns) {
    return ns >= -INPUT_CHROME_TIME_MAX && ns <= INPUT_CHROME_TIME_MAX;
}

static bool is_gpu_work(uint8_t kind) {
    return kind == INPUT_CHROME_KERNEL || kind == INPUT_CHROME_COPY || kind == INPUT_CHROME_MEMSET;
}

/* Of events with the same start, those of the greater order precede, as in a capture of Nsight Systems. */
static unsigned order_of_kind(uint8_t kind) {
    switch (kind) {
    case INPUT_CHROME_RANGE:
        return 3;
    case INPUT_CHROME_MARK:
        return 2;
    case INPUT_CHROME_CALL:
        return 1;
    default:
        return 0;
    }
}

/* Adds an item with a duration, and extends the times of the run. */
static void add_item(input_chrome_reading *rd, input_chrome_item *i, int64_t start, int64_t duration) {
    int64_t end = start + duration;
    i->key = (uint64_t)start + INPUT_CHROME_SHIFT;
    i->duration = (uint64_t)duration;
    i->order = (uint64_t)order_of_kind(i->kind) << 62 | i->duration;
    rd->first = !rd->any_time || start < rd->first ? start : rd->first;
    rd->last = !rd->any_time || end > rd->last ? end : rd->last;
    rd->any_time = true;
    rd->items++;
    base_sorter_add(rd->sorter, i);
}

/* Adds GPU work without a time, after all work that has one. */
static void add_untimed_work(input_chrome_reading *rd, input_chrome_item *i) {
    i->untimed = 1;
    i->key = UINT64_MAX;
    rd->items++;
    base_sorter_add(rd->sorter, i);
}

static void add_complete_event(input_chrome_reading *rd, input_chrome_event *e) {
    bool valid = e->has_ts && e->has_dur && is_time(e->ts) && e->dur >= 0 && e->dur <= INPUT_CHROME_TIME_MAX;
    if (is_gpu_work(e->item.kind)) {
        /* The profiler writes 0 for both times when it received none. */
        if (valid && (e->ts != 0 || e->dur != 0)) {
            add_item(rd, &e->item, e->ts, e->dur);
        } else {
            add_untimed_work(rd, &e->item);
        }
    } else if (valid) {
        e->item.left_open = e->left_open;
        add_item(rd, &e->item, e->ts, e->dur);
    } else {
        rd->unreadable_host++;
    }
}

/* B and E are paired within their thread, b and e by their id; names distinguish nested events of one id. */
static void add_half(input_chrome_reading *rd, const input_chrome_event *e) {
    bool async = e->phase == 'b' || e->phase == 'e';
    input_chrome_half half = {.item = e->item, .is_end = e->phase == 'E' || e->phase == 'e'};
    if (!e->has_ts || !is_time(e->ts)) {
        rd->unreadable_host++;
        return;
    }
    half.key = (uint64_t)e->ts + INPUT_CHROME_SHIFT;
    half.match = input_chrome_mix(async, async ? e->id.key : e->item.thread);
    half.match = input_chrome_mix(half.match, async ? e->item.name : e->item.kind);
    half.item.start_end = async;
    half.item.left_open = e->left_open;
    base_sorter_add(rd->halves, &half);
}

/* Sets the item's thread and process. */
static void find_owner(input_chrome_reading *rd, input_chrome_event *e) {
    input_chrome_item *i = &e->item;
    if (is_gpu_work(i->kind)) {
        i->process = input_chrome_rank_of(rd, &e->pid);
        i->device = input_chrome_device_of(rd, i->process, i->device);
        return;
    }
    i->thread = i->end_thread = input_chrome_thread_of(rd, e);
    i->process = input_chrome_process_of(rd, e);
    if (i->kind == INPUT_CHROME_CALL) {
        input_chrome_note_call(rd, i);
    }
}

void input_chrome_add_event(input_chrome_reading *rd, input_chrome_event *e) {
    input_chrome_item *i = &e->item;
    if (e->phase == 'M' && e->label && strcmp(e->name_key, "thread_name") == 0) {
        uint32_t thread = input_chrome_thread_of(rd, e);
        rd->threads[thread].name = names_intern(&rd->names, e->label, strlen(e->label)) + 1;
    }
    i->kind = kind_of_category(e->category);
    bool instant = e->phase == 'i' || e->phase == 'I' || e->phase == 'R';
    bool half = e->phase != '\0' && strchr("BEbe", e->phase) != NULL;
    if (i->kind == 0 && (e->phase == 'X' || e->phase == 'B')) {
        count_category(rd, e->category);
    }
    if (i->kind == 0 || !(e->phase == 'X' || half || (instant && i->kind == INPUT_CHROME_RANGE))) {
        return;
    }
    if (i->kind == INPUT_CHROME_COPY || i->kind == INPUT_CHROME_MEMSET) {
        read_memory_kinds(i, e->name_key);
    }
    find_owner(rd, e);
    if (e->phase == 'X') {
        add_complete_event(rd, e);
    } else if (half) {
        add_half(rd, e);
    } else if (e->has_ts && is_time(e->ts)) {
        i->kind = INPUT_CHROME_MARK;
        add_item(rd, i, e->ts, 0);
    } else {
        rd->unreadable_host++;
    }
}

/* ---- Halves ---- */

/* A beginning without an end so far; `before` is the previous one with the same key. */
typedef struct {
    input_chrome_half half;
    uint32_t before;
    bool is_joined;
} waiting;

typedef struct {
    waiting *list;
    size_t count, cap;
    base_map by_match; /* the one that began last */
} waiting_list;

static void join_end(input_chrome_reading *rd, waiting_list *w, const input_chrome_half *end) {
    uint32_t at = base_map_get(&w->by_match, end->match);
    if (at >= w->count) {      /* also BASE_NONE */
        rd->unreadable_host++; /* an end without a beginning */
        return;
    }
    waiting *begin = &w->list[at];
    begin->is_joined = true;
    begin->half.item.end_thread = end->item.thread;
    add_item(rd, &begin->half.item, (int64_t)(begin->half.key - INPUT_CHROME_SHIFT),
             (int64_t)(end->key - begin->half.key));
    base_map_put(&w->by_match, end->match, begin->before);
    while (w->count > 0 && w->list[w->count - 1].is_joined) {
        w->count--;
    }
}

void input_chrome_join_halves(input_chrome_reading *rd) {
    const input_chrome_half *half;
    waiting_list w = {0};
    while ((half = base_sorter_next(rd->halves)) != NULL) {
        int64_t time = (int64_t)(half->key - INPUT_CHROME_SHIFT);
        rd->last = !rd->any_time || time > rd->last ? time : rd->last;
        if (half->is_end) {
            join_end(rd, &w, half);
            continue;
        }
        w.list = base_grow(w.list, &w.cap, w.count + 1, sizeof *w.list);
        w.list[w.count] = (waiting){.half = *half, .before = base_map_get(&w.by_match, half->match)};
        base_map_put(&w.by_match, half->match, (uint32_t)w.count++);
    }
    for (size_t n = 0; n < w.count; n++) {
        input_chrome_item *i = &w.list[n].half.item;
        int64_t start = (int64_t)(w.list[n].half.key - INPUT_CHROME_SHIFT);
        if (w.list[n].is_joined) {
            continue;
        }
        if (i->kind == INPUT_CHROME_RANGE) {
            i->left_open = 1;
            add_item(rd, i, start, rd->last > start ? rd->last - start : 0);
        } else if (is_gpu_work(i->kind)) {
            add_untimed_work(rd, i);
        } else {
            rd->unreadable_host++;
        }
    }
    free(w.list);
    base_map_free(&w.by_match);
}
