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

bool base_queue_init(base_queue *ring, size_t batch_bytes) {
    memset(ring, 0, sizeof *ring);
    ring->batches = malloc(BASE_QUEUE_BATCHES * batch_bytes);
    ring->bytes = batch_bytes;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->filled_some, NULL);
    pthread_cond_init(&ring->took_some, NULL);
    return ring->batches != NULL;
}

void base_queue_free(base_queue *ring) {
    pthread_mutex_destroy(&ring->lock);
    pthread_cond_destroy(&ring->filled_some);
    pthread_cond_destroy(&ring->took_some);
    free(ring->batches);
}

void *base_queue_batch(const base_queue *ring) {
    return ring->batches + ring->filled % BASE_QUEUE_BATCHES * ring->bytes; /* only the writer fills */
}

bool base_queue_hand_over(base_queue *ring, size_t count) {
    pthread_mutex_lock(&ring->lock);
    ring->counts[ring->filled++ % BASE_QUEUE_BATCHES] = count;
    if (ring->taker_waits) {
        pthread_cond_signal(&ring->filled_some);
    }
    if (ring->filled - ring->taken == BASE_QUEUE_BATCHES) {
        pthread_mutex_unlock(&ring->lock);
        for (int i = 0; i < LOOKS && ring->filled - ring->taken == BASE_QUEUE_BATCHES; i++) {
            pause_briefly();
        }
        pthread_mutex_lock(&ring->lock);
    }
    while (ring->filled - ring->taken == BASE_QUEUE_BATCHES && !ring->stopped) {
        ring->writer_waits = true;
        pthread_cond_wait(&ring->took_some, &ring->lock);
    }
    ring->writer_waits = false;
    bool more = !ring->stopped;
    pthread_mutex_unlock(&ring->lock);
    return more;
}

void base_queue_end(base_queue *ring, size_t count) {
    pthread_mutex_lock(&ring->lock);
    if (count > 0) {
        ring->counts[ring->filled++ % BASE_QUEUE_BATCHES] = count;
    }
    ring->ended = true;
    pthread_cond_signal(&ring->filled_some);
    pthread_mutex_unlock(&ring->lock);
}

const void *base_queue_take(base_queue *ring, size_t *count) {
    for (int i = 0; i < LOOKS && ring->filled == ring->taken && !ring->ended; i++) {
        pause_briefly();
    }
    pthread_mutex_lock(&ring->lock);
    while (ring->filled == ring->taken && !ring->ended) {
        ring->taker_waits = true;
        pthread_cond_wait(&ring->filled_some, &ring->lock);
    }
    ring->taker_waits = false;
    size_t at = ring->taken % BASE_QUEUE_BATCHES;
    const void *batch = ring->filled == ring->taken ? NULL : ring->batches + at * ring->bytes;
    *count = ring->counts[at];
    pthread_mutex_unlock(&ring->lock);
    return batch;
}

void base_queue_give_back(base_queue *ring, bool stop) {
    pthread_mutex_lock(&ring->lock);
    ring->taken++;
    ring->stopped |= stop;
    if (ring->writer_waits && (ring->stopped || ring->filled - ring->taken <= BASE_QUEUE_BATCHES / 2)) {
        pthread_cond_signal(&ring->took_some);
    }
    pthread_mutex_unlock(&ring->lock);
}
