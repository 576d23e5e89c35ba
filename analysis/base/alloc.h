/* Memory for the command: growing arrays, and one place that says so when there is none left. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* "There is none": of an index into any of the analyser's arrays. */
#define BASE_NONE UINT32_MAX

/* Requests large pages for the heap, and that freed memory stays in it: lists grow and go all the time, and
 * first touches of small pages took a fifth of a short report. Call it once, at first; without it all works
 * as well. */
void base_alloc_prepare(void);

/* `count` zeroed elements of `size` bytes. When there is no memory left the command ends here, with one line
 * on stderr and exit status 2: nothing that it writes is in its place before it is whole. */
void *base_alloc(size_t count, size_t size);

/* base_grow of an array that is too short. */
void *base_grow_array(void *p, size_t *cap, size_t need, size_t size);

/* Makes room for `need` elements of `size` bytes in the array `p` of *cap elements; returns the array, which
 * may have moved. New elements are zeroed. Ends the command as base_alloc does. */
static inline void *base_grow(void *p, size_t *cap, size_t need, size_t size) {
    return need <= *cap ? p : base_grow_array(p, cap, need, size);
}

/* The same for arrays that come and go: in longer steps, and what is new is not zeroed. */
void *base_grow_fast(void *p, size_t *cap, size_t need, size_t size);

/* A copy of len bytes with a terminator behind them; the caller frees it. */
char *base_copy(const char *bytes, size_t len);

#endif
