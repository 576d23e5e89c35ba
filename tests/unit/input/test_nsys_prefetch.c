/* Rows of an SQLite file that are read ahead are those of the file, in its order, however many threads read
 * them. */
#include "analysis/input/nsys/nsys_prefetch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOT_SHAPED 99

static char path[] = "/tmp/moetrace-feed-XXXXXX";

/* Makes the file: table a has gaps in its row ids, NULL, real numbers and text; in b each text is long. */
static int make(void **state) {
    (void)state;
    sqlite3 *db;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "CREATE TABLE a(start, end, name, real, n);"
            "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)"
            "INSERT INTO a(rowid, start, end, name, real, n) SELECT i - 50, i * 10, CASE WHEN i % 3 THEN i "
            "END,"
            "CASE i % 4 WHEN 0 THEN 'name ' || i WHEN 1 THEN '' WHEN 2 THEN x'00' END, i / 4.0, -i FROM c;"
            "DELETE FROM a WHERE rowid BETWEEN 3000 AND 9000 OR rowid % 7 = 0;"
            "CREATE TABLE b(start, name);"
            "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 299)"
            "INSERT INTO b SELECT i, i || substr(hex(zeroblob(40000)), 1, 70000) FROM c;",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    return unlink(path);
}

static const input_nsys_request all[] = {
    {.table = "a",
     .columns = "start, end, name, real, n",
     .where = "",
     .layout = {2, NOT_SHAPED},
     .first = -50,
     .last = 99950},
    {.table = "b",
     .columns = "start, name",
     .where = "start <> 7",
     .layout = {1, NOT_SHAPED},
     .first = 1,
     .last = 300},
    {.table = "a", .columns = "n", .where = "", .layout = {-1, NOT_SHAPED}, .first = 1, .last = 0}, /* no row
                                                                                                     */
};
enum { COUNT = sizeof all / sizeof *all };

/* Compares a row with that of a query. */
static void same(const input_nsys_cells *row, sqlite3_stmt *s, int text) {
    int columns = sqlite3_column_count(s);
    assert_int_equal(row->columns, columns);
    for (int c = 0; c < columns; c++) {
        int type = sqlite3_column_type(s, c);
        assert_int_equal(row->ints >> c & 1, type == SQLITE_INTEGER);
        assert_int_equal(row->reals >> c & 1, type == SQLITE_FLOAT);
        assert_true(input_nsys_cell(row, c, -77) ==
                    (type == SQLITE_INTEGER ? sqlite3_column_int64(s, c) : -77));
        if (type == SQLITE_FLOAT || type == SQLITE_INTEGER) {
            assert_true(input_nsys_cell_real(row, c) == sqlite3_column_double(s, c));
        }
    }
    const char *got = input_nsys_cell_text(row);
    if (text >= 0 && sqlite3_column_type(s, text) == SQLITE_TEXT) {
        size_t len = (size_t)sqlite3_column_bytes(s, text);
        assert_int_equal(row->text_len, len < 65535 ? len : 65535);
        assert_memory_equal(got, sqlite3_column_text(s, text), row->text_len);
    } else {
        assert_null(got);
    }
}

/* Goes through all requests, two rows of one and a row of the next in turn. */
static void go_through(input_nsys_feed *feed) {
    sqlite3 *db;
    sqlite3_stmt *s[COUNT];
    bool more = true;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < COUNT; i++) {
        char sql[300];
        snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE rowid BETWEEN %d AND %d%s%s ORDER BY rowid",
                 all[i].columns, all[i].table, (int)all[i].first, (int)all[i].last,
                 *all[i].where ? " AND " : "", all[i].where);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s[i], NULL), SQLITE_OK);
    }
    while (more) {
        more = false;
        for (size_t turn = 0; turn < COUNT + 1; turn++) {
            size_t i = turn == COUNT ? 0 : turn;
            if (!s[i]) {
                continue;
            }
            input_nsys_rows *rows;
            const input_nsys_cells *row = input_nsys_feed_next(feed, i, &rows);
            assert_null(input_nsys_feed_error(feed));
            assert_int_equal(row != NULL, sqlite3_step(s[i]) == SQLITE_ROW);
            if (row) {
                same(row, s[i], all[i].layout.text);
                more = true;
            } else {
                sqlite3_finalize(s[i]);
                s[i] = NULL;
            }
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        sqlite3_finalize(s[i]);
    }
    sqlite3_close(db);
}

static void rows_are_those_of_the_file(void **state) {
    (void)state;
    for (unsigned jobs = 0; jobs <= 6; jobs += 2) {
        input_nsys_feed *feed = input_nsys_feed_open(path, jobs, INPUT_NSYS_USE, all, COUNT);
        go_through(feed);
        input_nsys_feed_close(feed);
        feed = input_nsys_feed_open(path, jobs, INPUT_NSYS_KEEP, all, COUNT);
        go_through(feed);
        input_nsys_feed_rewind(feed);
        go_through(feed);
        input_nsys_feed_close(feed);
    }
}

/* Adds the summaries of a request up; whether they are in order. */
static bool sum_up(input_nsys_feed *feed, size_t request, input_nsys_summary *all_of_it) {
    const input_nsys_summary *s;
    bool sorted = true;
    *all_of_it = (input_nsys_summary){0};
    while ((s = input_nsys_feed_summary(feed, request)) != NULL) {
        if (s->rows > 0) {
            sorted &= !s->unsorted && (all_of_it->rows == 0 || s->first_start >= all_of_it->last_start);
            all_of_it->last_start = s->last_start;
        }
        all_of_it->rows += s->rows;
        all_of_it->unusable += s->unusable;
        all_of_it->making_count += s->making_count;
        for (size_t i = 0; i < s->process_count; i++) {
            assert_int_equal(s->processes[i].pid24, 7);
            all_of_it->process_count = s->processes[i].correlation_max > all_of_it->process_count
                                           ? s->processes[i].correlation_max
                                           : all_of_it->process_count;
        }
        all_of_it->last = s->last > all_of_it->last ? s->last : all_of_it->last;
    }
    assert_null(input_nsys_feed_error(feed));
    return sorted;
}

/* Ranges are summed up for their times, order, processes and the domains that are made; every thousandth row
 * of these is a making, rows with row ids that end in 0 have no time, and the second request is in no order,
 * the third only for one row inside of a slice.
 */
static void summaries_are_of_all_rows(void **state) {
    (void)state;
    static const char columns[] =
        "CASE WHEN rowid % 10 THEN start END, start + 5, (7 << 24) + 1, CASE WHEN n % 1000 "
        "THEN 59 ELSE 75 END, 'name', NULL, 3";
    static const char gpu[] = "(n * 7919) % 10007, NULL, 1, 2, 3, -n, 7 << 24";
    const input_nsys_request all_three[] = {{.table = "a",
                                             .columns = columns,
                                             .where = "",
                                             .layout = {4, NOT_SHAPED},
                                             .places = {2, -1, 3},
                                             .first = -50,
                                             .last = 99950},
                                            {.table = "a",
                                             .columns = gpu,
                                             .where = "",
                                             .layout = {-1, 8},
                                             .places = {6, 5, -1},
                                             .first = -50,
                                             .last = 99950},
                                            {.table = "a",
                                             .columns = "CASE n WHEN -1000 THEN 9000 ELSE start END",
                                             .where = "",
                                             .layout = {-1, NOT_SHAPED},
                                             .places = {-1, -1, -1},
                                             .first = -50,
                                             .last = 99950}};
    static const char count[] =
        "SELECT count(*), sum(rowid % 10 = 0), sum(n % 1000 = 0 AND rowid % 10), max(-n),"
        " max(CASE WHEN rowid % 10 AND n % 1000 THEN start + 5 END) FROM a";
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, count, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    for (unsigned jobs = 0; jobs <= 4; jobs += 2) {
        for (int keep = 0; keep < 2; keep++) {
            input_nsys_summary sum;
            input_nsys_rows *rows;
            input_nsys_feed *feed =
                input_nsys_feed_open(path, jobs, keep ? INPUT_NSYS_KEEP : INPUT_NSYS_SUM_UP, all_three, 3);
            assert_true(sum_up(feed, 0, &sum));
            assert_int_equal(sum.unusable, sqlite3_column_int64(s, 1));
            assert_int_equal(sum.rows, sqlite3_column_int64(s, 0) - sqlite3_column_int64(s, 1));
            assert_int_equal(sum.making_count, sqlite3_column_int64(s, 2));
            assert_int_equal(sum.last, sqlite3_column_int64(s, 4));
            assert_false(sum_up(feed, 1, &sum));
            assert_int_equal(sum.rows, sqlite3_column_int64(s, 0));
            assert_int_equal(sum.process_count, sqlite3_column_int64(s, 3)); /* the highest correlation id */
            assert_false(sum_up(feed, 2, &sum));
            input_nsys_feed_rewind(feed);
            int64_t kept = 0;
            while (keep && input_nsys_feed_next(feed, 1, &rows)) {
                kept++;
            }
            assert_int_equal(kept, keep ? sqlite3_column_int64(s, 0) : 0);
            input_nsys_feed_close(feed);
        }
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* Rows have the shape that their last columns make; of few shapes each is kept once, of many all are right.
 */
static void rows_have_their_shapes(void **state) {
    (void)state;
    static const char *const columns[] = {"n, n % 7, name, 5, n % 3", "n, 5, n, name, n % 3"};
    for (int many = 0; many < 2; many++) {
        const input_nsys_request r = {.table = "a",
                                      .columns = columns[many],
                                      .where = "",
                                      .layout = {-1, 1},
                                      .first = -50,
                                      .last = 99950};
        for (unsigned jobs = 0; jobs <= 2; jobs += 2) {
            input_nsys_rows *rows;
            const input_nsys_cells *row;
            input_nsys_feed *feed = input_nsys_feed_open(path, jobs, INPUT_NSYS_USE, &r, 1);
            while ((row = input_nsys_feed_next(feed, 0, &rows)) != NULL) {
                int64_t n = input_nsys_cell(row, 0, 1);
                const int64_t *shape = rows->shapes[row->shape].columns;
                assert_int_equal(row->columns, 1);
                assert_true(shape[0] == (many ? 5 : n % 7) && shape[1] == (many ? n : -1) &&
                            shape[2] == (many ? -1 : 5) && shape[3] == n % 3);
                assert_true(shape[4] == -1 && (many || rows->shape_count <= 21));
            }
            assert_null(input_nsys_feed_error(feed));
            input_nsys_feed_close(feed);
        }
    }
}

static void a_feed_may_be_left(void **state) {
    (void)state;
    for (unsigned jobs = 0; jobs <= 4; jobs += 4) {
        for (int n = 0; n < 3000; n += 1499) {
            input_nsys_rows *rows;
            input_nsys_feed *feed =
                input_nsys_feed_open(path, jobs, n % 2 == 0 ? INPUT_NSYS_KEEP : INPUT_NSYS_USE, all, COUNT);
            for (int i = 0; i < n; i++) {
                assert_non_null(input_nsys_feed_next(feed, 0, &rows));
            }
            input_nsys_feed_close(feed);
        }
    }
}

static void an_error_comes_in_its_place(void **state) {
    (void)state;
    input_nsys_rows *rows;
    const input_nsys_request wrong[] = {all[0],
                                        {.table = "b",
                                         .columns = "absent",
                                         .where = "",
                                         .layout = {-1, NOT_SHAPED},
                                         .first = 1,
                                         .last = 300}};
    for (unsigned jobs = 0; jobs <= 4; jobs += 4) {
        input_nsys_feed *feed = input_nsys_feed_open(path, jobs, INPUT_NSYS_USE, wrong, 2);
        assert_null(input_nsys_feed_next(feed, 1, &rows));
        assert_non_null(strstr(input_nsys_feed_error(feed), "no such column: absent"));
        assert_null(input_nsys_feed_next(feed, 0, &rows));
        input_nsys_feed_close(feed);
        feed = input_nsys_feed_open("/nowhere/at/all", jobs, INPUT_NSYS_USE, wrong, 2);
        assert_null(input_nsys_feed_next(feed, 0, &rows));
        assert_non_null(strstr(input_nsys_feed_error(feed), "/nowhere/at/all"));
        input_nsys_feed_close(feed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_the_file), cmocka_unit_test(summaries_are_of_all_rows),
        cmocka_unit_test(rows_have_their_shapes), cmocka_unit_test(a_feed_may_be_left),
        cmocka_unit_test(an_error_comes_in_its_place)};
    return cmocka_run_group_tests(tests, make, unmake);
}
