/* The parts of the writer of Nsight Systems' SQLite layout. */
#ifndef ANALYSIS_EXPORT_NSYS_H
#define ANALYSIS_EXPORT_NSYS_H

#include "analysis/export.h"

#include <sqlite3.h>

/* Where the path, process and system are in global ids. */
#define ANALYSIS_NSYS_VM ((uint64_t)1 << 48)

/* What a source (a process) is in the file. */
typedef struct {
    uint64_t machine; /* hardware id */
    uint64_t global;  /* globalPid */
    uint32_t domains; /* ids handed out */
} analysis_nsys_process;

typedef struct {
    int64_t demangled, base, mangled; /* ids in StringIds; mangled -1: none */
} analysis_nsys_kernel;

typedef struct {
    analysis_events *rows;
    sqlite3 *db;
    sqlite3_stmt *strings;
    int64_t *string_ids; /* by name index: id + 1, or 0 */
    size_t string_cap;
    int64_t string_count;
    analysis_nsys_process *processes; /* by source */
    uint32_t *domain_ids;             /* by domain */
    analysis_nsys_kernel *kernels;    /* by shape */
    char *error;                      /* one line; empty while all is well */
    const char *path;
} analysis_nsys;

/* Which tables are made. */
enum {
    ANALYSIS_NSYS_GPU = 1,
    ANALYSIS_NSYS_CALLS = 2,
    ANALYSIS_NSYS_RANGES = 4,
    ANALYSIS_NSYS_NODES = 8,
    ANALYSIS_NSYS_SYNC_TABLE = 16,
    ANALYSIS_NSYS_OVERHEAD_TABLE = 32
};

/* Makes the tables: those of events as `which` says, all others always. */
void analysis_nsys_create(analysis_nsys *w, unsigned which);

/* Fills the tables that describe the capture: processes, threads, devices, metadata, enumerations. */
void analysis_nsys_describe(analysis_nsys *w);

/* Binds a number. */
static inline void analysis_nsys_bind(sqlite3_stmt *statement, int column, int64_t value) {
    sqlite3_bind_int64(statement, column, value);
}

/* The same, and NULL for 0. */
static inline void analysis_nsys_bind_unless_0(sqlite3_stmt *statement, int column, uint64_t value) {
    if (value == 0) {
        sqlite3_bind_null(statement, column);
    } else {
        analysis_nsys_bind(statement, column, (int64_t)value);
    }
}

/* Write the calls of CUDA; kernels, copies and fills. */
void analysis_nsys_write_calls(analysis_nsys *w);
void analysis_nsys_write_gpu(analysis_nsys *w);

/* Writes NVTX's ranges and marks, and the making of domains and the names of categories. */
void analysis_nsys_write_ranges(analysis_nsys *w);

/* Write what an imported capture says of synchronisations and of the profiler's own work. */
void analysis_nsys_write_syncs(analysis_nsys *w);
void analysis_nsys_write_overheads(analysis_nsys *w);

/* Writes the making of CUDA graphs and their nodes. */
void analysis_nsys_write_nodes(analysis_nsys *w);

/* Opens the empty file at w->path. */
void analysis_nsys_open_output(analysis_nsys *w);

/* Runs SQL without results. After an error nothing is run any more. */
void analysis_nsys_run(analysis_nsys *w, const char *sql);

/* A prepared statement; NULL after an error. */
sqlite3_stmt *analysis_nsys_prepare(analysis_nsys *w, const char *sql);

/* Inserts the row that is bound. */
void analysis_nsys_step(analysis_nsys *w, sqlite3_stmt *statement);

/* The id in StringIds of name `index`, or of a text. */
int64_t analysis_nsys_string(analysis_nsys *w, uint32_t index);
int64_t analysis_nsys_text(analysis_nsys *w, const char *text);

/* Binds a text, made UTF-8; NULL is NULL. */
void analysis_nsys_bind_text(sqlite3_stmt *statement, int column, const char *text);

/* A time as the file has it. */
int64_t analysis_nsys_since(const analysis_nsys *w, uint64_t time);

/* globalTid of a thread. */
int64_t analysis_nsys_thread(const analysis_nsys *w, uint32_t thread);

#endif
