/* Memory for the command: growing arrays, and one place that reports when memory is exhausted. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* "No such element", for indices into all arrays of the analyser. */
#define BASE_NONE UINT32_MAX

/* Prepares the heap: large pages, and freed memory is kept for reuse. Page faults of small pages were a fifth of the
 * time of a short report. Optional; call it once, before other threads start. */
void base_alloc_prepare(void);

/* Returns `count` zeroed elements of `size` bytes, never NULL; the caller frees them. When memory is exhausted it ends
 * the command with one line on stderr and exit status 2, which is safe because output files replace their targets only
 * when they are complete. */
void *base_alloc(size_t count, size_t size);

/* The slow path of base_grow: reallocates, at least doubling *cap. */
void *base_grow_array(void *p, size_t *cap, size_t need, size_t size);

/* Ensures capacity for `need` elements of `size` bytes in the array `p` of *cap elements and updates *cap. Returns the
 * array, which may have moved; new elements are zero. Ends the command as base_alloc does. */
static inline void *base_grow(void *p, size_t *cap, size_t need, size_t size) {
    return need <= *cap ? p : base_grow_array(p, cap, need, size);
}

/* base_grow for short-lived arrays: grows in larger steps and leaves new elements uninitialised. */
void *base_grow_fast(void *p, size_t *cap, size_t need, size_t size);

/* Returns a copy of `len` bytes, NUL-terminated; the caller frees it. Ends the command as base_alloc does. */
char *base_copy(const char *bytes, size_t len);

#endif
