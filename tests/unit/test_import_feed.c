/* Rows of an SQLite file that are read ahead are those of the file, in its order, however many threads read
 * them. */
#include "analysis/import_nsys_feed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
            "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)"
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

static const analysis_nsys_request all[] = {
    {.table = "a",
     .columns = "start, end, name, real, n",
     .where = "",
     .text = 2,
     .first = -50,
     .last = 19950},
    {.table = "b", .columns = "start, name", .where = "start <> 7", .text = 1, .first = 1, .last = 300},
    {.table = "a", .columns = "n", .where = "", .text = -1, .first = 1, .last = 0}, /* no row */
};
enum { COUNT = sizeof all / sizeof *all };

/* Compares a row with that of a query. */
static void same(const analysis_nsys_cells *row, sqlite3_stmt *s, int text) {
    int columns = sqlite3_column_count(s);
    assert_int_equal(row->columns, columns);
    for (int c = 0; c < columns; c++) {
        int type = sqlite3_column_type(s, c);
        assert_int_equal(row->ints >> c & 1, type == SQLITE_INTEGER);
        assert_int_equal(row->reals >> c & 1, type == SQLITE_FLOAT);
        assert_true(analysis_nsys_cell(row, c, -77) ==
                    (type == SQLITE_INTEGER ? sqlite3_column_int64(s, c) : -77));
        if (type == SQLITE_FLOAT || type == SQLITE_INTEGER) {
            assert_true(analysis_nsys_cell_real(row, c) == sqlite3_column_double(s, c));
        }
    }
    const char *got = analysis_nsys_cell_text(row);
    if (text >= 0 && sqlite3_column_type(s, text) == SQLITE_TEXT) {
        size_t len = (size_t)sqlite3_column_bytes(s, text);
        assert_int_equal(row->text_len, len < 65535 ? len : 65535);
        assert_memory_equal(got, sqlite3_column_text(s, text), row->text_len);
    } else {
        assert_null(got);
    }
}

/* Goes through all requests, two rows of one and a row of the next in turn. */
static void go_through(analysis_nsys_feed *feed) {
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
            const analysis_nsys_cells *row = analysis_nsys_feed_next(feed, i);
            assert_null(analysis_nsys_feed_error(feed));
            assert_int_equal(row != NULL, sqlite3_step(s[i]) == SQLITE_ROW);
            if (row) {
                same(row, s[i], all[i].text);
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
        analysis_nsys_feed *feed = analysis_nsys_feed_open(path, jobs, false, all, COUNT);
        go_through(feed);
        analysis_nsys_feed_close(feed);
        feed = analysis_nsys_feed_open(path, jobs, true, all, COUNT);
        go_through(feed);
        analysis_nsys_feed_rewind(feed);
        go_through(feed);
        analysis_nsys_feed_close(feed);
    }
}

static void a_feed_may_be_left(void **state) {
    (void)state;
    for (unsigned jobs = 0; jobs <= 4; jobs += 4) {
        for (int rows = 0; rows < 3000; rows += 1499) {
            analysis_nsys_feed *feed = analysis_nsys_feed_open(path, jobs, rows % 2 == 0, all, COUNT);
            for (int i = 0; i < rows; i++) {
                assert_non_null(analysis_nsys_feed_next(feed, 0));
            }
            analysis_nsys_feed_close(feed);
        }
    }
}

static void an_error_comes_in_its_place(void **state) {
    (void)state;
    const analysis_nsys_request wrong[] = {
        all[0], {.table = "b", .columns = "absent", .where = "", .text = -1, .first = 1, .last = 300}};
    for (unsigned jobs = 0; jobs <= 4; jobs += 4) {
        analysis_nsys_feed *feed = analysis_nsys_feed_open(path, jobs, false, wrong, 2);
        assert_null(analysis_nsys_feed_next(feed, 1));
        assert_non_null(strstr(analysis_nsys_feed_error(feed), "no such column: absent"));
        assert_null(analysis_nsys_feed_next(feed, 0));
        analysis_nsys_feed_close(feed);
        feed = analysis_nsys_feed_open("/nowhere/at/all", jobs, false, wrong, 2);
        assert_null(analysis_nsys_feed_next(feed, 0));
        assert_non_null(strstr(analysis_nsys_feed_error(feed), "/nowhere/at/all"));
        analysis_nsys_feed_close(feed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_those_of_the_file),
                                       cmocka_unit_test(a_feed_may_be_left),
                                       cmocka_unit_test(an_error_comes_in_its_place)};
    return cmocka_run_group_tests(tests, make, unmake);
}
