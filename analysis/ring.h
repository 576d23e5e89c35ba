/* A ring of batches between two threads: one writes them, the other takes them in the same order. Neither
 * waits for the other at each record, and memory stays bounded. */
#ifndef ANALYSIS_RING_H
#define ANALYSIS_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANALYSIS_RING_BATCHES = 8 };

typedef struct {
    unsigned char *batches;
    size_t bytes;                         /* of a batch */
    size_t counts[ANALYSIS_RING_BATCHES]; /* records of each */
    pthread_mutex_t lock;                 /* of what follows; atomic is what is looked at without it, too */
    pthread_cond_t filled_some, took_some;
    atomic_uint_fast64_t filled, taken; /* batches, ever */
    bool writer_waits, taker_waits;
    atomic_bool ended;   /* the last batch was filled */
    atomic_bool stopped; /* the taker wants no more */
} analysis_ring;

/* False when there is no memory for it. */
bool analysis_ring_init(analysis_ring *ring, size_t batch_bytes);
void analysis_ring_free(analysis_ring *ring);

/* ---- The writer's ---- */

/* The batch that is written now. */
void *analysis_ring_batch(const analysis_ring *ring);

/* Hands it over with so many records, and waits until another is free; false when no more is wanted. */
bool analysis_ring_hand_over(analysis_ring *ring, size_t count);

/* Hands the last one over, unless it is empty. */
void analysis_ring_end(analysis_ring *ring, size_t count);

/* ---- The taker's ---- */

/* Waits for the next batch; NULL after the last. */
const void *analysis_ring_take(analysis_ring *ring, size_t *count);

/* Gives it back. */
void analysis_ring_give_back(analysis_ring *ring, bool stop);

#endif
