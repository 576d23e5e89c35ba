/* Unions of intervals, and the time of calls beside them. */
#include "tests/unit/trace_builder.h"

#include "analysis/attribution/gpu_busy.h"

static void union_agrees_with_a_bitmap(void **state) {
    (void)state;
    enum { LENGTH = 4000 };
    srand(2);
    for (int round = 0; round < 200; round++) {
        bool covered[LENGTH] = {false};
        attribution_busy busy = {0};
        uint64_t want = 0;
        for (int i = rand() % 200; i > 0; i--) {
            uint64_t start = (uint64_t)(rand() % (LENGTH - 50)), end = start + (uint64_t)(rand() % 50);
            attribution_busy_add(&busy, 0, start, end);
            memset(covered + start, true, end - start);
        }
        for (int i = 0; i < LENGTH; i++) {
            want += covered[i];
        }
        assert_int_equal(attribution_busy_settle(&busy), want);
        assert_int_equal(busy.late, 0);
    }
}

/* More intervals than the window holds, locally shuffled, of two parts that overlap or not: exact, and no
 * more memory than the window. */
static void union_folds(void **state) {
    (void)state;
    for (uint64_t length = 4; length <= 13; length += 9) {
        attribution_busy busy = {0};
        uint64_t n = 5 * ATTRIBUTION_BUSY_WINDOW, all = length == 4 ? 4 * n : 10 * n + 3;
        attribution_busy_part(&busy);
        attribution_busy_part(&busy);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = i ^ 0x3f; /* runs of 64, backwards */
            attribution_busy_add(&busy, 1 + at % 2, 10 * at, 10 * at + length);
        }
        assert_true(busy.cap <= 2 * ATTRIBUTION_BUSY_WINDOW);
        assert_int_equal(attribution_busy_settle(&busy), all);
        assert_int_equal(busy.late, 0);
        for (uint32_t part = 1; part <= 2; part++) {
            const attribution_busy_sums *sums = attribution_busy_sums_of(&busy, part);
            assert_int_equal(sums->settled, length * n / 2);
            assert_int_equal(sums->gap, 20 - length);
        }
        attribution_busy_add(&busy, 1, 0, 3); /* far too late: said, not counted twice */
        assert_int_equal(busy.late, 1);
        assert_int_equal(attribution_busy_settle(&busy), all);
        attribution_busy_free(&busy);
    }
}

/* Calls on the host against intervals of the GPU, placed at random in three parts and in none, against a map
 * of every nanosecond: of the whole and of each part. Parts overlap on the GPU, not on the host. */
static void idle_time_agrees_with_a_map(void **state) {
    (void)state;
    enum { LENGTH = 20000, PARTS = 4 };
    srand(3);
    for (int round = 0; round < 50; round++) {
        static bool gpu[PARTS][LENGTH]; /* 0: of all */
        static uint8_t host[LENGTH], part_at[LENGTH];
        attribution_busy busy = {0};
        memset(gpu, 0, sizeof gpu);
        memset(host, NAMES_CALL_OTHER, sizeof host);
        for (uint32_t i = 1; i < PARTS; i++) {
            assert_int_equal(attribution_busy_part(&busy), i);
        }
        for (uint64_t at = 0; at < LENGTH - 200;) {
            uint64_t end = at + (uint64_t)(rand() % 60);
            int kind = rand() % 2;
            uint32_t part = (uint32_t)(at * PARTS / LENGTH);
            if (rand() % 4 == 0 && end > at + 4) { /* a call inside the call, which ends first */
                attribution_busy_host(&busy, part, (names_call_kind)(rand() % 2), at + 1, end - 1);
            }
            attribution_busy_host(&busy, part, (names_call_kind)kind, at, end);
            memset(host + at, kind, end - at);
            memset(part_at + at, (int)part, end - at);
            if (rand() % 3) {
                uint64_t from = at + (uint64_t)(rand() % 100), to = from + (uint64_t)(rand() % 70);
                uint32_t of = rand() % 4 ? part : (uint32_t)rand() % PARTS;
                attribution_busy_add(&busy, of, from, to);
                memset(gpu[0] + from, true, to - from);
                memset(gpu[of] + from, true, to - from);
            }
            at = end + (uint64_t)(rand() % 40);
        }
        attribution_busy_settle(&busy);
        for (uint32_t part = 0; part < PARTS; part++) {
            uint64_t want[2] = {0, 0}, ran = 0;
            for (int i = 0; i < LENGTH; i++) {
                if (host[i] != NAMES_CALL_OTHER && (part == 0 || part_at[i] == part)) {
                    want[host[i]] += !gpu[part][i];
                }
                ran += gpu[part][i];
            }
            const attribution_busy_sums *sums = attribution_busy_sums_of(&busy, part);
            assert_int_equal(sums->settled, ran);
            assert_int_equal(attribution_busy_idle_in(sums, NAMES_CALL_ENQUEUE), want[NAMES_CALL_ENQUEUE]);
            assert_int_equal(attribution_busy_idle_in(sums, NAMES_CALL_SYNC), want[NAMES_CALL_SYNC]);
        }
        attribution_busy_free(&busy);
    }
}

/* More calls than are held, under a GPU that never pauses and under one that does: exact, in bounded memory.
 */
static void idle_time_folds(void **state) {
    (void)state;
    for (int pauses = 0; pauses < 2; pauses++) {
        attribution_busy busy = {0};
        uint64_t n = 4 * ATTRIBUTION_BUSY_WINDOW;
        for (uint64_t i = 0; i < n; i++) {
            attribution_busy_add(&busy, 0, 10 * i, 10 * i + (pauses ? 7 : 10));
            attribution_busy_host(&busy, 0, NAMES_CALL_ENQUEUE, 10 * i + 2, 10 * i + 9);
        }
        assert_true(busy.host_cap <= 2 * ATTRIBUTION_BUSY_WINDOW);
        attribution_busy_settle(&busy);
        assert_int_equal(busy.late, 0);
        assert_int_equal(attribution_busy_idle_in(&busy.all, NAMES_CALL_ENQUEUE), pauses ? 2 * n : 0);
    }
}

/* What comes too late for its part of a call's time is counted, and said to be. */
static void later_than_that(void **state) {
    (void)state;
    attribution_busy busy = {0};
    attribution_busy_host(&busy, 0, NAMES_CALL_ENQUEUE, 10, 20);
    attribution_busy_settle(&busy);
    attribution_busy_add(&busy, 0, 15, 30);
    attribution_busy_add(&busy, 0, 30, 40);
    assert_int_equal(attribution_busy_settle(&busy), 25);
    assert_int_equal(busy.late, 1);
    attribution_busy_free(&busy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(union_agrees_with_a_bitmap),
        cmocka_unit_test(union_folds),
        cmocka_unit_test(idle_time_agrees_with_a_map),
        cmocka_unit_test(idle_time_folds),
        cmocka_unit_test(later_than_that),
    };
    return cmocka_run_group_tests_name("attribution: gpu_busy", tests, NULL, NULL);
}
