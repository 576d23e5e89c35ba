/* The external merge sort. Records arrive almost in order, so a natural merge sort of (key, place) pairs is
 * quick. */
#include "analysis/base/external_sort.h"

#include "analysis/base/alloc.h"
#include "analysis/base/temporary_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_AHEAD 512 /* records of each temporary file that are read at once */

typedef struct {
    uint64_t key, wide;
    size_t place;
} item;

typedef struct {
    FILE *file;     /* NULL: in memory */
    uint8_t *ahead; /* records read from it */
    size_t count, at;
} run;

struct base_sorter {
    size_t size, limit;
    bool wide_first, failed, merging;
    uint8_t *records;
    size_t count, cap;
    uint64_t total;
    item *order; /* of the records in memory, once sorted */
    size_t order_cap;
    run *runs;
    size_t run_count, run_cap;
    size_t *heap; /* runs by their next record */
    size_t heap_count, last;
};

base_sorter *base_sorter_new(size_t size, bool wide_first, size_t in_memory) {
    base_sorter *s = base_alloc(1, sizeof *s);
    s->size = size;
    s->limit = in_memory;
    s->wide_first = wide_first;
    return s;
}

static bool before(const base_sorter *s, const item *a, const item *b) {
    if (a->key != b->key) {
        return a->key < b->key;
    }
    return s->wide_first && a->wide > b->wide;
}

/* Merges [low, middle) and [middle, high) of `from` into `to`; the first goes first when they tie. */
static void merge(const base_sorter *s, const item *from, item *to, size_t low, size_t middle, size_t high) {
    size_t a = low, b = middle;
    for (size_t i = low; i < high; i++) {
        to[i] = b >= high || (a < middle && !before(s, &from[b], &from[a])) ? from[a++] : from[b++];
    }
}

/* The end of the ascending stretch that begins at `low`. */
static size_t stretch(const base_sorter *s, const item *list, size_t low, size_t count) {
    size_t i = low + 1;
    while (i < count && !before(s, &list[i], &list[i - 1])) {
        i++;
    }
    return i < count ? i : count;
}

static void sort_items(const base_sorter *s, item **list, item **spare, size_t count) {
    while (count > 0 && stretch(s, *list, 0, count) < count) {
        for (size_t low = 0; low < count;) {
            size_t middle = stretch(s, *list, low, count);
            size_t high = middle < count ? stretch(s, *list, middle, count) : count;
            merge(s, *list, *spare, low, middle, high);
            low = high;
        }
        item *swap = *list;
        *list = *spare;
        *spare = swap;
    }
}

/* Puts the records that are in memory in order. */
static void sort_memory(base_sorter *s) {
    item *spare = base_alloc(s->count, sizeof *spare);
    item *list = base_alloc(s->count, sizeof *list);
    for (size_t i = 0; i < s->count; i++) {
        const uint8_t *record = s->records + i * s->size;
        memcpy(&list[i].key, record, sizeof list[i].key);
        memcpy(&list[i].wide, record + sizeof list[i].key, sizeof list[i].wide);
        list[i].place = i;
    }
    sort_items(s, &list, &spare, s->count);
    free(spare);
    free(s->order);
    s->order = list;
}

static void spill(base_sorter *s) {
    sort_memory(s);
    s->runs = base_grow(s->runs, &s->run_cap, s->run_count + 1, sizeof *s->runs);
    run *r = &s->runs[s->run_count++];
    *r = (run){.file = base_temporary_unnamed()};
    for (size_t i = 0; i < s->count && r->file; i++) {
        s->failed |= fwrite(s->records + s->order[i].place * s->size, s->size, 1, r->file) != 1;
    }
    s->failed |= !r->file || fflush(r->file) != 0;
    s->count = 0;
}

void base_sorter_add(base_sorter *s, const void *record) {
    if (s->count == s->limit) {
        spill(s);
    }
    s->records = base_grow(s->records, &s->cap, (s->count + 1) * s->size, 1);
    memcpy(s->records + s->count++ * s->size, record, s->size);
    s->total++;
}

uint64_t base_sorter_count(const base_sorter *s) {
    return s->total;
}

static const uint8_t *peek(const base_sorter *s, size_t i) {
    const run *r = &s->runs[i];
    if (r->file) {
        return r->ahead + r->at * s->size;
    }
    return s->records + s->order[r->at].place * s->size;
}

/* Makes the next record of the run peekable; false at its end. */
static bool fill(base_sorter *s, run *r) {
    if (!r->file) {
        return r->at < s->count;
    }
    if (r->at == r->count) {
        if (!r->ahead) {
            r->ahead = base_alloc(READ_AHEAD, s->size);
        }
        r->count = fread(r->ahead, s->size, READ_AHEAD, r->file);
        r->at = 0;
        s->failed |= ferror(r->file) != 0;
    }
    return r->count > 0;
}

static bool run_before(const base_sorter *s, size_t a, size_t b) {
    uint64_t x[2], y[2];
    memcpy(x, peek(s, a), sizeof x);
    memcpy(y, peek(s, b), sizeof y);
    if (x[0] != y[0]) {
        return x[0] < y[0];
    }
    return s->wide_first && x[1] != y[1] ? x[1] > y[1] : a < b;
}

static void sink(base_sorter *s, size_t i) {
    for (;;) {
        size_t child = 2 * i + 1, least = i;
        for (size_t j = child; j < child + 2 && j < s->heap_count; j++) {
            least = run_before(s, s->heap[j], s->heap[least]) ? j : least;
        }
        if (least == i) {
            return;
        }
        size_t swap = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = swap;
        i = least;
    }
}

static void begin(base_sorter *s) {
    s->merging = true;
    sort_memory(s);
    s->runs = base_grow(s->runs, &s->run_cap, s->run_count + 1, sizeof *s->runs);
    s->runs[s->run_count++] = (run){0}; /* what is in memory came last */
    s->heap = base_alloc(s->run_count, sizeof *s->heap);
    base_sorter_rewind(s);
}

void base_sorter_rewind(base_sorter *s) {
    s->heap_count = 0;
    s->last = SIZE_MAX;
    for (size_t i = 0; s->merging && i < s->run_count; i++) {
        run *r = &s->runs[i];
        r->at = r->count = 0;
        if (r->file) {
            s->failed |= fseek(r->file, 0, SEEK_SET) != 0;
        }
        if (fill(s, r)) {
            s->heap[s->heap_count++] = i;
        }
    }
    for (size_t i = s->heap_count; i-- > 0;) {
        sink(s, i);
    }
}

const void *base_sorter_next(base_sorter *s) {
    if (!s->merging) {
        begin(s);
    }
    if (s->last != SIZE_MAX) { /* the top's record was handed out */
        run *r = &s->runs[s->last];
        r->at++;
        if (!fill(s, r)) {
            s->heap[0] = s->heap[--s->heap_count];
        }
        sink(s, 0);
        s->last = SIZE_MAX;
    }
    if (s->heap_count == 0) {
        return NULL;
    }
    s->last = s->heap[0];
    return peek(s, s->last);
}

bool base_sorter_failed(const base_sorter *s) {
    return s->failed;
}

void base_sorter_free(base_sorter *s) {
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->run_count; i++) {
        if (s->runs[i].file) {
            fclose(s->runs[i].file);
        }
        free(s->runs[i].ahead);
    }
    free(s->runs);
    free(s->heap);
    free(s->order);
    free(s->records);
    free(s);
}
