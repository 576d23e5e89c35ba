/* A bounded queue of batches between two threads, one that writes records and one that reads them, in the same
 * order. The threads wait for each other by batches, not by records. */
#ifndef BASE_BATCH_QUEUE_H
#define BASE_BATCH_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BASE_QUEUE_BATCHES = 8 };

/* Takes the records of a batch; other than 0 when no more is wanted. It is called for the batches that were
 * written before the writer knows that, too. */
typedef int base_queue_take(void *ctx, const void *records, size_t count);

typedef struct {
    unsigned char *batches;
    size_t bytes, batch; /* of a record; records of a batch */
    /* The writer's: where its next record goes, and how many more its batch takes. */
    unsigned char *writing;
    size_t room;
    bool refused; /* the writer knows that no more is wanted */
    /* The other side. */
    pthread_t thread;
    void (*write)(void *ctx); /* one of these two */
    base_queue_take *take;
    void *ctx;
    size_t counts[BASE_QUEUE_BATCHES]; /* records of each batch */
    pthread_mutex_t lock;              /* of what follows; atomic is what is looked at without it, too */
    pthread_cond_t filled_some, took_some;
    atomic_uint_fast64_t filled, taken; /* batches, ever */
    bool writer_waits, taker_waits;
    atomic_bool ended;   /* the last batch was filled */
    atomic_bool stopped; /* the taker wants no more */
} base_queue;

/* Either starts the other side on a thread: `write` calls base_queue_add for each record while the caller
 * takes them by base_queue_take_all, or `take` takes what the caller adds. Batches are of `batch` records of
 * `bytes` bytes. False, and nothing was done, when there is no thread or no memory. base_queue_end ends it. */
bool base_queue_start_writer(base_queue *queue, size_t bytes, size_t batch, void (*write)(void *ctx),
                             void *ctx);
bool base_queue_start_taker(base_queue *queue, size_t bytes, size_t batch, base_queue_take *take, void *ctx);

/* Takes all batches. */
void base_queue_take_all(base_queue *queue, base_queue_take *take, void *ctx);

/* Waits for the other side's end and frees the queue; a taker takes what was written until then. */
void base_queue_end(base_queue *queue);

/* For base_queue_add: hands the full batch over, and waits until another is free; false when no more is
 * wanted. */
bool base_queue_hand_over(base_queue *queue);

/* Room for one record, to be filled before the next call; NULL when no more is wanted. */
static inline void *base_queue_add(base_queue *queue) {
    if (queue->room == 0 && !base_queue_hand_over(queue)) {
        return NULL;
    }
    unsigned char *record = queue->writing;
    queue->room--;
    queue->writing += queue->bytes;
    return record;
}

#endif
