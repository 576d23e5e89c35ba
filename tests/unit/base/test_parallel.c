/* What runs on several threads: the loop, tasks ahead of their use, and the queue, whoever writes it. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/batch_queue.h"
#include "analysis/base/parallel_for.h"

#include <stdatomic.h>

enum { TASKS = 3000, AHEAD = 5 };

/* ---- The loop ---- */

static void count_visit(void *ctx, size_t i) {
    atomic_int *visits = ctx;
    atomic_fetch_add(&visits[i], 1);
}

static void a_loop_visits_each_once(void **state) {
    (void)state;
    static atomic_int visits[TASKS];
    for (unsigned jobs = 1; jobs <= 5; jobs += 2) {
        memset(visits, 0, sizeof visits);
        base_parallel_for(jobs, TASKS, count_visit, visits);
        for (size_t i = 0; i < TASKS; i++) {
            assert_int_equal(visits[i], 1);
        }
    }
    base_parallel_for(4, 0, count_visit, NULL);
}

/* ---- Tasks ---- */

typedef struct {
    size_t begun, used, most_ahead; /* under the pool's lock */
    bool done[TASKS];
    size_t results[TASKS];
    atomic_int connections;
} squares;

static base_task_choice choose_square(void *ctx, base_task *task) {
    squares *s = ctx;
    if (s->begun == TASKS) {
        return BASE_TASK_NONE;
    }
    if (s->begun >= s->used + AHEAD) {
        return BASE_TASK_LATER;
    }
    task->place = s->begun++;
    size_t ahead = s->begun - s->used;
    s->most_ahead = ahead > s->most_ahead ? ahead : s->most_ahead;
    return BASE_TASK_CHOSEN;
}

static void *open_own(void *ctx) {
    squares *s = ctx;
    atomic_fetch_add(&s->connections, 1);
    return s;
}

static void close_own(void *own) {
    squares *s = own;
    atomic_fetch_sub(&s->connections, 1);
}

static void square(void *ctx, void *own, base_task task) {
    squares *s = ctx;
    assert_ptr_equal(own, s);
    s->results[task.place] = task.place * task.place;
}

static void square_done(void *ctx, base_task task) {
    squares *s = ctx;
    s->done[task.place] = true;
}

static const base_pool_tasks square_tasks = {choose_square, square, square_done, open_own, close_own};

static void results_come_in_order(void **state) {
    (void)state;
    static squares s;
    for (size_t used = TASKS; used > 0; used /= 50) { /* to the end, or left earlier */
        memset(&s, 0, sizeof s);
        base_pool *pool = base_pool_new(&square_tasks, &s);
        assert_int_equal(base_pool_start(pool, 3), 3);
        for (size_t i = 0; i < used; i++) {
            base_pool_lock(pool);
            while (!s.done[i]) {
                base_pool_wait(pool);
            }
            s.used++;
            base_pool_go_on(pool);
            base_pool_unlock(pool);
            assert_int_equal(s.results[i], i * i);
        }
        base_pool_free(pool);
        assert_true(s.most_ahead <= AHEAD);
        assert_int_equal(s.connections, 0);
    }
}

/* ---- The queue ---- */

typedef struct {
    base_queue queue;
    uint64_t count, limit; /* records that were added; taken before no more is wanted */
    uint64_t taken, added;
} numbers;

static void write_numbers(void *ctx) {
    numbers *n = ctx;
    for (uint64_t i = 0; i < n->count; i++) {
        uint64_t *record = base_queue_add(&n->queue);
        if (!record) {
            assert_null(base_queue_add(&n->queue)); /* it stays so */
            return;
        }
        *record = i;
        n->added++;
    }
}

static int take_numbers(void *ctx, const void *records, size_t count) {
    numbers *n = ctx;
    const uint64_t *list = records;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i], n->taken);
        n->taken++;
    }
    return n->taken >= n->limit;
}

static void numbers_come_in_order(void **state) {
    (void)state;
    static const uint64_t counts[] = {0, 1, 6, 7, 8, 55, 56, 57, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        numbers n = {.count = counts[i], .limit = UINT64_MAX};
        assert_true(base_queue_start_writer(&n.queue, sizeof(uint64_t), 7, write_numbers, &n));
        base_queue_take_all(&n.queue, take_numbers, &n);
        base_queue_end(&n.queue);
        assert_int_equal(n.taken, counts[i]);
        n = (numbers){.count = counts[i], .limit = UINT64_MAX};
        assert_true(base_queue_start_taker(&n.queue, sizeof(uint64_t), 7, take_numbers, &n));
        write_numbers(&n);
        base_queue_end(&n.queue);
        assert_int_equal(n.taken, counts[i]);
    }
}

/* The writer learns that no more is wanted; what it wrote by then is taken all the same. */
static void a_taker_can_stop(void **state) {
    (void)state;
    for (uint64_t limit = 1; limit < 1000; limit *= 3) {
        numbers n = {.count = UINT64_MAX, .limit = limit};
        assert_true(base_queue_start_writer(&n.queue, sizeof(uint64_t), 7, write_numbers, &n));
        base_queue_take_all(&n.queue, take_numbers, &n);
        base_queue_end(&n.queue);
        assert_int_equal(n.taken, n.added);
        assert_true(n.taken >= limit && n.taken <= limit + 7 * (BASE_QUEUE_BATCHES + 2));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_visits_each_once),
        cmocka_unit_test(results_come_in_order),
        cmocka_unit_test(numbers_come_in_order),
        cmocka_unit_test(a_taker_can_stop),
    };
    return cmocka_run_group_tests_name("base: threads", tests, NULL, NULL);
}
