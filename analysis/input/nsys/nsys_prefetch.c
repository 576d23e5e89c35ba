/* The feed: slices of row ids, the threads that fill them, and the thread that consumes them. */
#include "analysis/input/nsys/nsys_prefetch.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"
#include "analysis/input/nsys/nsys_sqlite.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_ROWS 2048
#define SLICE_BYTES                                                                                          \
    (4 << 20)            /* of stored rows of a slice; the remaining ones are read when they are needed */
#define AHEAD         8  /* filled slices of a table that have not been consumed */
#define THREADS_MAX   10 /* the largest number of threads: more contend with each other */
#define THREAD_SLICES 6  /* the smallest number of slices that is worth a thread */

typedef enum { EMPTY, FILLING, FILLED } slice_state;

typedef struct {
    input_nsys_rows rows;
    input_nsys_summary summary;
    size_t count; /* the stored rows */
    slice_state state;
    bool more; /* the slice has more rows than are stored */
    char *error;
} slice;

typedef struct {
    input_nsys_request request;
    char *sql;
    slice *slices;
    size_t count, begun, taken; /* number of slices; of slices being filled or filled; of consumed slices */
    slice *using;               /* NULL: the next slice has not been requested yet */
    size_t at;                  /* offset in it of the next row */
    sqlite3_stmt *rest;         /* for the further rows of a slice, which are stored in `one` */
    input_nsys_rows one;
} asked;

/* A connection and its prepared statements. */
typedef struct {
    input_nsys_connection db;
    char error[TRACE_ERROR_BYTES];
    sqlite3_stmt *statement[INPUT_NSYS_REQUESTS];
    slice *filling;
    const asked *request;
    input_nsys_purpose purpose;
} feed_connection;

struct input_nsys_feed {
    const char *path;
    input_nsys_purpose purpose;
    asked *asked;
    size_t asked_count;
    feed_connection own; /* of the consuming thread */
    bool own_open;
    char *error;
    base_pool *pool; /* protects the following members, and the states and counts of slices */
    input_nsys_rows spare[INPUT_NSYS_REQUESTS * AHEAD]; /* memory of consumed slices, for reuse */
    size_t spare_count;
};

/* ---- Filling a slice ---- */

/* Takes a row of the aggregate by which a slice is read: SQLite passes rows to an aggregate faster than it returns rows of
 * a query. */
static void add_slice_row(sqlite3_context *context, int count, sqlite3_value **values) {
    feed_connection *c = sqlite3_user_data(context);
    slice *s = c->filling;
    const input_nsys_request *r = &c->request->request;
    size_t before = s->rows.len;
    const input_nsys_cells *row = input_nsys_rows_add(&s->rows, count, values, r->layout);
    if (c->purpose != INPUT_NSYS_USE) {
        input_nsys_summary_take(&s->summary, row, &r->places);
    }
    if (r->skip && base_set_has(r->skip, (uint64_t)input_nsys_cell(row, r->skipped, -1))) {
        s->rows.len = before;
        return;
    }
    s->more |= s->rows.len > SLICE_BYTES;
    if (c->purpose == INPUT_NSYS_SUM_UP || s->more) {
        s->rows.len = before;
    } else {
        s->count++;
    }
}

static void finish_slice_row(sqlite3_context *context) {
    sqlite3_result_null(context);
}

static bool open_feed_connection(feed_connection *c, const char *path, input_nsys_purpose purpose) {
    c->purpose = purpose;
    c->db = (input_nsys_connection){.path = path, .error = c->error};
    return input_nsys_open(&c->db) &&
           (sqlite3_create_function_v2(c->db.handle, "moetrace_rows", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, c,
                                       NULL, add_slice_row, finish_slice_row, NULL) == SQLITE_OK ||
            input_nsys_fail(&c->db));
}

static void close_feed_connection(feed_connection *c) {
    for (size_t i = 0; i < INPUT_NSYS_REQUESTS; i++) {
        sqlite3_finalize(c->statement[i]);
    }
    input_nsys_close(&c->db);
}

static const char *and_before_where(const input_nsys_request *r) {
    return *r->where ? " AND " : "";
}

/* Binds the row ids of slice `i`. */
static void bind_slice_ids(sqlite3_stmt *s, const asked *a, size_t i) {
    int64_t first = a->request.first + (int64_t)i * SLICE_ROWS;
    sqlite3_bind_int64(s, 1, first);
    sqlite3_bind_int64(s, 2, i + 1 == a->count ? a->request.last : first + SLICE_ROWS - 1);
}

static void fill_slice(feed_connection *c, asked *a, size_t request, size_t i) {
    slice *s = &a->slices[i];
    input_nsys_rows_clear(&s->rows); /* its memory may be reused */
    c->filling = s;
    c->request = a;
    if (!c->statement[request]) {
        c->statement[request] = input_nsys_query(&c->db, a->sql);
    }
    if (c->statement[request]) {
        bind_slice_ids(c->statement[request], a, i);
        input_nsys_step(&c->db, c->statement[request]);
        sqlite3_reset(c->statement[request]);
    }
    if (c->db.stop != 0) {
        s->error = base_copy(c->error, strlen(c->error));
    }
}

/* ---- The reading threads ---- */

/* Returns the request with the fewest slices ahead of their use, or `asked_count` if all are far enough ahead. */
static size_t request_to_fill(const input_nsys_feed *feed) {
    size_t best = feed->asked_count, least = feed->purpose == INPUT_NSYS_KEEP ? SIZE_MAX : AHEAD;
    for (size_t i = 0; i < feed->asked_count; i++) {
        const asked *a = &feed->asked[i];
        if (a->begun < a->count && a->begun - a->taken < least) {
            best = i;
            least = a->begun - a->taken;
        }
    }
    return best;
}

/* Assigns the next slice of a request to this thread; the lock is held. */
static size_t claim_next_slice(input_nsys_feed *feed, asked *a) {
    size_t i = a->begun++;
    a->slices[i].state = FILLING;
    if (feed->spare_count > 0) {
        a->slices[i].rows = feed->spare[--feed->spare_count];
    }
    return i;
}

static bool all_slices_begun(const input_nsys_feed *feed) {
    for (size_t i = 0; i < feed->asked_count; i++) {
        if (feed->asked[i].begun < feed->asked[i].count) {
            return false;
        }
    }
    return true;
}

static base_task_choice choose_slice(void *ctx, base_task *task) {
    input_nsys_feed *feed = ctx;
    if (all_slices_begun(feed)) {
        return BASE_TASK_NONE;
    }
    task->list = request_to_fill(feed);
    if (task->list == feed->asked_count) {
        return BASE_TASK_LATER;
    }
    task->place = claim_next_slice(feed, &feed->asked[task->list]);
    return BASE_TASK_CHOSEN;
}

static void *begin_filling(void *ctx) {
    input_nsys_feed *feed = ctx;
    feed_connection *c = base_alloc(1, sizeof *c);
    open_feed_connection(c, feed->path, feed->purpose);
    return c;
}

static void end_filling(void *own) {
    close_feed_connection(own);
    free(own);
}

static void fill_chosen_slice(void *ctx, void *own, base_task task) {
    input_nsys_feed *feed = ctx;
    fill_slice(own, &feed->asked[task.list], task.list, task.place);
}

static void slice_is_filled(void *ctx, base_task task) {
    input_nsys_feed *feed = ctx;
    feed->asked[task.list].slices[task.place].state = FILLED;
}

static const base_pool_tasks feed_tasks = {choose_slice, fill_chosen_slice, slice_is_filled, begin_filling,
                                           end_filling};

/* ---- The thread that uses the rows ---- */

static bool open_own_connection(input_nsys_feed *feed) {
    if (!feed->own_open) {
        feed->own_open = true;
        open_feed_connection(&feed->own, feed->path, feed->purpose);
    }
    return feed->own.db.stop == 0;
}

/* Waits until the slice is filled, or fills it. */
static slice *wait_for_slice(input_nsys_feed *feed, size_t request) {
    asked *a = &feed->asked[request];
    slice *s = &a->slices[a->taken];
    base_pool_lock(feed->pool);
    if (s->state == EMPTY) {
        size_t i = claim_next_slice(feed, a);
        base_pool_unlock(feed->pool);
        open_own_connection(feed);
        fill_slice(&feed->own, a, request, i);
        base_pool_lock(feed->pool);
        s->state = FILLED;
    }
    while (s->state != FILLED) {
        base_pool_wait(feed->pool);
    }
    base_pool_unlock(feed->pool);
    return s;
}

static void release_slice(input_nsys_feed *feed, asked *a) {
    slice *s = &a->slices[a->taken];
    a->using = NULL;
    a->at = 0;
    sqlite3_finalize(a->rest);
    a->rest = NULL;
    base_pool_lock(feed->pool);
    if (feed->purpose != INPUT_NSYS_KEEP) {
        if (feed->spare_count < sizeof feed->spare / sizeof *feed->spare) {
            feed->spare[feed->spare_count++] = s->rows;
        } else {
            input_nsys_rows_free(&s->rows);
        }
        s->rows = (input_nsys_rows){0};
    }
    input_nsys_summary_free(&s->summary);
    a->taken++;
    base_pool_go_on(feed->pool);
    base_pool_unlock(feed->pool);
}

static void set_feed_error(input_nsys_feed *feed, const char *error) {
    if (!feed->error) {
        feed->error = base_copy(error, strlen(error));
    }
}

/* Returns one of the further rows of a slice, or NULL. */
static const input_nsys_cells *next_row_of_rest(input_nsys_feed *feed, asked *a, const slice *s) {
    input_nsys_connection *db = &feed->own.db;
    if (!a->rest && open_own_connection(feed)) {
        size_t len = strlen(a->sql) + 100; /* of the request, plus the OFFSET */
        char *sql = base_alloc(len, 1);
        snprintf(sql, len,
                 "SELECT %s FROM \"%s\" NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2%s%s LIMIT -1 OFFSET %zu",
                 a->request.columns, a->request.table, and_before_where(&a->request), a->request.where,
                 s->count);
        a->rest = input_nsys_query(db, sql);
        free(sql);
        if (a->rest) {
            bind_slice_ids(a->rest, a, a->taken);
        }
    }
    if (!input_nsys_step(db, a->rest)) {
        if (db->stop != 0) {
            set_feed_error(feed, feed->own.error);
        }
        return NULL;
    }
    return input_nsys_rows_take(&a->one, a->rest, a->request.layout);
}

const input_nsys_summary *input_nsys_feed_summary(input_nsys_feed *feed, size_t request) {
    asked *a = &feed->asked[request];
    if (a->using) {
        release_slice(feed, a);
    }
    if (a->taken == a->count || feed->error) {
        return NULL;
    }
    a->using = wait_for_slice(feed, request);
    if (a->using->error) {
        set_feed_error(feed, a->using->error);
        return NULL;
    }
    return &a->using->summary;
}

const input_nsys_cells *input_nsys_feed_next_of_slice(input_nsys_feed *feed, size_t request,
                                                      input_nsys_rows **rows) {
    asked *a = &feed->asked[request];
    slice *s = a->using;
    if (!s || feed->error) {
        return NULL;
    }
    if (a->at < s->rows.len) {
        const input_nsys_cells *row = (const void *)(s->rows.bytes + a->at);
        a->at += row->size;
        *rows = &s->rows;
        return row;
    }
    const input_nsys_cells *row = s->more ? next_row_of_rest(feed, a, s) : NULL;
    if (row) {
        *rows = &a->one;
    } else if (s->error) {
        set_feed_error(feed, s->error);
    }
    return row;
}

const input_nsys_cells *input_nsys_feed_next(input_nsys_feed *feed, size_t request, input_nsys_rows **rows) {
    asked *a = &feed->asked[request];
    while (a->taken < a->count && !feed->error) {
        a->using = a->using ? a->using : wait_for_slice(feed, request);
        const input_nsys_cells *row = input_nsys_feed_next_of_slice(feed, request, rows);
        if (row) {
            return row;
        }
        release_slice(feed, a);
    }
    return NULL;
}

const char *input_nsys_feed_error(const input_nsys_feed *feed) {
    return feed->error;
}

void input_nsys_feed_rewind(input_nsys_feed *feed) {
    for (size_t i = 0; i < feed->asked_count; i++) {
        asked *a = &feed->asked[i];
        sqlite3_finalize(a->rest);
        a->rest = NULL;
        a->using = NULL;
        a->at = 0;
        base_pool_lock(feed->pool);
        a->taken = 0;
        base_pool_unlock(feed->pool);
    }
}

input_nsys_feed *input_nsys_feed_open(const char *path, unsigned jobs, input_nsys_purpose purpose,
                                      const input_nsys_request *requests, size_t count) {
    input_nsys_feed *feed = base_alloc(1, sizeof *feed);
    feed->path = path;
    feed->purpose = purpose;
    feed->asked = base_alloc(count, sizeof *feed->asked);
    feed->asked_count = count;
    feed->pool = base_pool_new(&feed_tasks, feed);
    size_t slices = 0;
    for (size_t i = 0; i < count; i++) {
        asked *a = &feed->asked[i];
        const input_nsys_request *r = &requests[i];
        size_t len = strlen(r->columns) + strlen(r->table) + strlen(r->where) + 100;
        a->request = *r;
        a->count = r->first > r->last ? 0 : (size_t)(r->last - r->first) / SLICE_ROWS + 1;
        a->slices = base_alloc(a->count, sizeof *a->slices);
        a->sql = base_alloc(len, 1);
        snprintf(a->sql, len,
                 "SELECT moetrace_rows(%s) FROM \"%s\" NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2%s%s",
                 r->columns, r->table, and_before_where(r), r->where);
        slices += a->count;
    }
    /* The caller's thread reads, too. */
    size_t threads = jobs > 1 ? jobs - 1 : 0;
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    threads = threads < slices / THREAD_SLICES ? threads : slices / THREAD_SLICES;
    base_pool_start(feed->pool, threads);
    return feed;
}

void input_nsys_feed_close(input_nsys_feed *feed) {
    if (!feed) {
        return;
    }
    base_pool_free(feed->pool);
    for (size_t i = 0; i < feed->asked_count; i++) {
        asked *a = &feed->asked[i];
        for (size_t k = 0; k < a->count; k++) {
            input_nsys_rows_free(&a->slices[k].rows);
            input_nsys_summary_free(&a->slices[k].summary);
            free(a->slices[k].error);
        }
        sqlite3_finalize(a->rest);
        input_nsys_rows_free(&a->one);
        free(a->slices);
        free(a->sql);
    }
    for (size_t i = 0; i < feed->spare_count; i++) {
        input_nsys_rows_free(&feed->spare[i]);
    }
    if (feed->own_open) {
        close_feed_connection(&feed->own);
    }
    free(feed->asked);
    free(feed->error);
    free(feed);
}
