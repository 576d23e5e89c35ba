/* The ring. The lock is held for counting only. Who waits looks again and again for some microseconds, since
 * to sleep and to be woken costs both threads more; after that it sleeps, and is woken once there is
 * something to do for a while. */
#include "analysis/base/batch_queue.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS 100

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* yield is no pause on most processors */
#endif
}

static void begin_batch(base_queue *q) {
    q->writing =
        q->batches + q->filled % BASE_QUEUE_BATCHES * q->batch * q->bytes; /* only the writer fills */
    q->room = q->batch;
}

static bool is_full(const base_queue *q) {
    return q->filled - q->taken == BASE_QUEUE_BATCHES;
}

bool base_queue_hand_over(base_queue *q) {
    if (q->refused) {
        return false;
    }
    pthread_mutex_lock(&q->lock);
    q->counts[q->filled++ % BASE_QUEUE_BATCHES] = q->batch;
    if (q->taker_waits) {
        pthread_cond_signal(&q->filled_some);
    }
    if (is_full(q)) {
        pthread_mutex_unlock(&q->lock);
        for (int i = 0; i < LOOKS && is_full(q); i++) {
            pause_briefly();
        }
        pthread_mutex_lock(&q->lock);
    }
    while (is_full(q) && !q->stopped) {
        q->writer_waits = true;
        pthread_cond_wait(&q->took_some, &q->lock);
    }
    q->writer_waits = false;
    q->refused = q->stopped;
    pthread_mutex_unlock(&q->lock);
    if (!q->refused) {
        begin_batch(q);
    }
    return !q->refused;
}

/* Hands the last batch over, unless it is empty. */
static void end_writing(base_queue *q) {
    size_t count = q->refused ? 0 : q->batch - q->room;
    pthread_mutex_lock(&q->lock);
    if (count > 0) {
        q->counts[q->filled++ % BASE_QUEUE_BATCHES] = count;
    }
    q->ended = true;
    pthread_cond_signal(&q->filled_some);
    pthread_mutex_unlock(&q->lock);
}

/* Waits for the next batch; NULL after the last. */
static const void *take_batch(base_queue *q, size_t *count) {
    for (int i = 0; i < LOOKS && q->filled == q->taken && !q->ended; i++) {
        pause_briefly();
    }
    pthread_mutex_lock(&q->lock);
    while (q->filled == q->taken && !q->ended) {
        q->taker_waits = true;
        pthread_cond_wait(&q->filled_some, &q->lock);
    }
    q->taker_waits = false;
    size_t at = q->taken % BASE_QUEUE_BATCHES;
    const void *batch = q->filled == q->taken ? NULL : q->batches + at * q->batch * q->bytes;
    *count = q->counts[at];
    pthread_mutex_unlock(&q->lock);
    return batch;
}

static void give_batch_back(base_queue *q, bool stop) {
    pthread_mutex_lock(&q->lock);
    q->taken++;
    q->stopped |= stop;
    if (q->writer_waits && (q->stopped || q->filled - q->taken <= BASE_QUEUE_BATCHES / 2)) {
        pthread_cond_signal(&q->took_some);
    }
    pthread_mutex_unlock(&q->lock);
}

void base_queue_take_all(base_queue *q, base_queue_take *take, void *ctx) {
    size_t count;
    for (const void *batch; (batch = take_batch(q, &count)) != NULL;) {
        int rc = take(ctx, batch, count);
        give_batch_back(q, rc != 0);
    }
}

/* ---- The other side ---- */

static void *run_other_side(void *ctx) {
    base_queue *q = ctx;
    if (q->write) {
        q->write(q->ctx);
        end_writing(q);
    } else {
        base_queue_take_all(q, q->take, q->ctx);
    }
    return NULL;
}

static void free_queue(base_queue *q) {
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->filled_some);
    pthread_cond_destroy(&q->took_some);
    free(q->batches);
}

/* Starts the side that is set in the queue. */
static bool start_other_side(base_queue *q) {
    q->batches = malloc(BASE_QUEUE_BATCHES * q->batch * q->bytes);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled_some, NULL);
    pthread_cond_init(&q->took_some, NULL);
    if (q->batches) {
        begin_batch(q);
    }
    if (!q->batches || pthread_create(&q->thread, NULL, run_other_side, q) != 0) {
        free_queue(q);
        return false;
    }
    return true;
}

bool base_queue_start_writer(base_queue *q, size_t bytes, size_t batch, void (*write)(void *ctx), void *ctx) {
    memset(q, 0, sizeof *q);
    q->bytes = bytes;
    q->batch = batch;
    q->write = write;
    q->ctx = ctx;
    return start_other_side(q);
}

bool base_queue_start_taker(base_queue *q, size_t bytes, size_t batch, base_queue_take *take, void *ctx) {
    memset(q, 0, sizeof *q);
    q->bytes = bytes;
    q->batch = batch;
    q->take = take;
    q->ctx = ctx;
    return start_other_side(q);
}

void base_queue_end(base_queue *q) {
    if (q->take) {
        end_writing(q);
    }
    pthread_join(q->thread, NULL);
    free_queue(q);
}
