/* The parts of the writer of Nsight Systems' SQLite layout. */
#ifndef EXPORT_EXPORT_NSYS_INTERNAL_H
#define EXPORT_EXPORT_NSYS_INTERNAL_H

#include "analysis/export/export_common.h"

#include <sqlite3.h>

/* Where the path, process and system are in global ids. */
#define EXPORT_NSYS_VM ((uint64_t)1 << 48)

/* What a source (a process) is in the file. */
typedef struct {
    uint64_t machine; /* hardware id */
    uint64_t global;  /* globalPid */
    uint32_t domains; /* ids handed out */
} export_nsys_process;

typedef struct {
    int64_t demangled, base, mangled; /* ids in StringIds; mangled -1: none */
} export_nsys_kernel;

typedef struct {
    events_store *rows;
    sqlite3 *db;
    sqlite3_stmt *strings;
    int64_t *string_ids; /* by name index: id + 1, or 0 */
    size_t string_cap;
    int64_t string_count;
    export_nsys_process *processes; /* by source */
    uint32_t *domain_ids;           /* by domain */
    export_nsys_kernel *kernels;    /* by shape */
    char *error;                    /* one line; empty while all is well */
    const char *path;
} export_nsys_file;

/* Which tables are made. */
enum {
    EXPORT_NSYS_GPU = 1,
    EXPORT_NSYS_CALLS = 2,
    EXPORT_NSYS_RANGES = 4,
    EXPORT_NSYS_NODES = 8,
    EXPORT_NSYS_SYNC_TABLE = 16,
    EXPORT_NSYS_OVERHEAD_TABLE = 32
};

/* Makes the tables: those of events as `which` says, all others always. */
void export_nsys_create(export_nsys_file *w, unsigned which);

/* Fills the tables that describe the capture: processes, threads, devices, metadata, enumerations. */
void export_nsys_describe(export_nsys_file *w);

/* Binds a number. */
static inline void export_nsys_bind(sqlite3_stmt *statement, int column, int64_t value) {
    sqlite3_bind_int64(statement, column, value);
}

/* The same, and NULL for 0. */
static inline void export_nsys_bind_unless_0(sqlite3_stmt *statement, int column, uint64_t value) {
    if (value == 0) {
        sqlite3_bind_null(statement, column);
    } else {
        export_nsys_bind(statement, column, (int64_t)value);
    }
}

/* Binds a value that may be missing: a negative one is NULL. */
static inline void export_nsys_bind_unless_negative(sqlite3_stmt *statement, int column, int64_t value) {
    if (value < 0) {
        sqlite3_bind_null(statement, column);
    } else {
        sqlite3_bind_int64(statement, column, value);
    }
}

/* Write the calls of CUDA; kernels, copies and memsets. */
void export_nsys_write_calls(export_nsys_file *w);
void export_nsys_write_gpu(export_nsys_file *w);

/* Writes NVTX's ranges and marks, and the making of domains and the names of categories. */
void export_nsys_write_ranges(export_nsys_file *w);

/* Write the synchronisations of an imported capture and the profiler's own work. */
void export_nsys_write_syncs(export_nsys_file *w);
void export_nsys_write_overheads(export_nsys_file *w);

/* Writes the making of CUDA graphs and their nodes. */
void export_nsys_write_nodes(export_nsys_file *w);

/* Opens the empty file at w->path. */
void export_nsys_open_output(export_nsys_file *w);

/* Runs SQL without results. After an error nothing is run any more. */
void export_nsys_run(export_nsys_file *w, const char *sql);

/* A prepared statement; NULL after an error. */
sqlite3_stmt *export_nsys_prepare(export_nsys_file *w, const char *sql);

/* Inserts the row that is bound. */
void export_nsys_step(export_nsys_file *w, sqlite3_stmt *statement);

/* The id in StringIds of name `index`, or of a text. */
int64_t export_nsys_string(export_nsys_file *w, uint32_t index);
int64_t export_nsys_text(export_nsys_file *w, const char *text);

/* Binds a text, made UTF-8; NULL is NULL. */
void export_nsys_bind_text(sqlite3_stmt *statement, int column, const char *text);

/* A time as the file has it. */
int64_t export_nsys_since(const export_nsys_file *w, uint64_t time);

/* globalTid of a thread. */
int64_t export_nsys_thread(const export_nsys_file *w, uint32_t thread);

#endif
