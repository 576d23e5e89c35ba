/* A bounded first-in, first-out queue between two threads, a producer and a consumer of fixed-size records. The threads
 * synchronise once per batch, not once per record. */
#ifndef BASE_BATCH_QUEUE_H
#define BASE_BATCH_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BASE_QUEUE_BATCHES = 8 };

/* Consumes the `count` records of one batch. Returns 0, or another value to request the end of the stream; it is still
 * called for batches that the producer completes before it sees the request. */
typedef int base_queue_take(void *ctx, const void *records, size_t count);

typedef struct {
    unsigned char *batches;
    size_t bytes, batch; /* bytes of a record; records of a batch */
    /* Of the producer: position of the next record, and free records in the current batch. */
    unsigned char *writing;
    size_t room;
    bool refused; /* the producer has seen `stopped` */
    /* The thread that the queue started: exactly one of `write` and `take` is set. */
    pthread_t thread;
    void (*write)(void *ctx);
    base_queue_take *take;
    void *ctx;
    size_t counts[BASE_QUEUE_BATCHES]; /* records of each batch */
    pthread_mutex_t lock;              /* protects what follows; atomic members are also read without it */
    pthread_cond_t filled_some, took_some;
    atomic_uint_fast64_t filled, taken; /* batches since the start */
    bool writer_waits, taker_waits;
    atomic_bool ended;   /* the producer has added its last record */
    atomic_bool stopped; /* the consumer requested the end */
} base_queue;

/* Start a queue whose batches hold `batch` records of `bytes` bytes, and a thread for one side of it. _writer: the thread
 * runs `write`, which calls base_queue_add, and the caller consumes with base_queue_take_all. _taker: the thread runs
 * `take` on each batch, and the caller calls base_queue_add. False, without side effects, when no thread or no memory is
 * available. After success the caller calls base_queue_end. */
bool base_queue_start_writer(base_queue *queue, size_t bytes, size_t batch, void (*write)(void *ctx),
                             void *ctx);
bool base_queue_start_taker(base_queue *queue, size_t bytes, size_t batch, base_queue_take *take, void *ctx);

/* Consumes batches until the producer ends or `take` returns other than 0. For queues of base_queue_start_writer. */
void base_queue_take_all(base_queue *queue, base_queue_take *take, void *ctx);

/* Ends the stream, joins the other thread and frees the queue; a consumer thread first consumes all added records. */
void base_queue_end(base_queue *queue);

/* The slow path of base_queue_add: passes the full batch to the consumer and waits for a free one. False when the
 * consumer requested the end. */
bool base_queue_hand_over(base_queue *queue);

/* Returns space for one record, which the producer fills before its next call; NULL when the consumer requested the
 * end. */
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
