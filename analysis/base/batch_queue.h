/* A ring of batches between two threads: one writes them, the other takes them in the same order. Neither
 * waits for the other at each record, and memory stays bounded. */
#ifndef BASE_BATCH_QUEUE_H
#define BASE_BATCH_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BASE_QUEUE_BATCHES = 8 };

typedef struct {
    unsigned char *batches;
    size_t bytes;                      /* of a batch */
    size_t counts[BASE_QUEUE_BATCHES]; /* records of each */
    pthread_mutex_t lock;              /* of what follows; atomic is what is looked at without it, too */
    pthread_cond_t filled_some, took_some;
    atomic_uint_fast64_t filled, taken; /* batches, ever */
    bool writer_waits, taker_waits;
    atomic_bool ended;   /* the last batch was filled */
    atomic_bool stopped; /* the taker wants no more */
} base_queue;

/* False when there is no memory for it. */
bool base_queue_init(base_queue *ring, size_t batch_bytes);
void base_queue_free(base_queue *ring);

/* ---- The writer's ---- */

/* The batch that is written now. */
void *base_queue_batch(const base_queue *ring);

/* Hands it over with so many records, and waits until another is free; false when no more is wanted. */
bool base_queue_hand_over(base_queue *ring, size_t count);

/* Hands the last one over, unless it is empty. */
void base_queue_end(base_queue *ring, size_t count);

/* ---- The taker's ---- */

/* Waits for the next batch; NULL after the last. */
const void *base_queue_take(base_queue *ring, size_t *count);

/* Gives it back. */
void base_queue_give_back(base_queue *ring, bool stop);

#endif
