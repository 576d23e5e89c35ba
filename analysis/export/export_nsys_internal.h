/* The parts of the writer of Nsight Systems' SQLite layout. After the first error w->error is set, and all functions do
 * nothing. */
#ifndef EXPORT_EXPORT_NSYS_INTERNAL_H
#define EXPORT_EXPORT_NSYS_INTERNAL_H

#include "analysis/export/export_common.h"

#include <sqlite3.h>

/* The bits of virtual machine and hardware in globalPid and globalTid, which have the process id in bits 24 to 47 and the
 * thread id below (Nsight Systems User Guide, "Common SQLite Examples"). */
#define EXPORT_NSYS_VM ((uint64_t)1 << 48)

/* A source (a process) in the file. */
typedef struct {
    uint64_t machine; /* hardware id */
    uint64_t global;  /* globalPid */
    uint32_t domains; /* number of domain ids assigned */
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
    char *error;                    /* one line; "" without an error */
    const char *path;
} export_nsys_file;

/* The optional tables. */
enum {
    EXPORT_NSYS_GPU = 1,
    EXPORT_NSYS_CALLS = 2,
    EXPORT_NSYS_RANGES = 4,
    EXPORT_NSYS_NODES = 8,
    EXPORT_NSYS_SYNC_TABLE = 16,
    EXPORT_NSYS_OVERHEAD_TABLE = 32
};

/* Creates the tables: optional ones by the bits of `which`, and all others. */
void export_nsys_create(export_nsys_file *w, unsigned which);

/* Fills the tables that describe the capture: processes, threads, devices, metadata, enumerations. */
void export_nsys_describe(export_nsys_file *w);

/* Binds an integer. */
static inline void export_nsys_bind(sqlite3_stmt *statement, int column, int64_t value) {
    sqlite3_bind_int64(statement, column, value);
}

/* Binds an integer, or NULL for 0. */
static inline void export_nsys_bind_unless_0(sqlite3_stmt *statement, int column, uint64_t value) {
    if (value == 0) {
        sqlite3_bind_null(statement, column);
    } else {
        export_nsys_bind(statement, column, (int64_t)value);
    }
}

/* Binds an integer, or NULL for a negative one, which is missing. */
static inline void export_nsys_bind_unless_negative(sqlite3_stmt *statement, int column, int64_t value) {
    if (value < 0) {
        sqlite3_bind_null(statement, column);
    } else {
        sqlite3_bind_int64(statement, column, value);
    }
}

/* Write the CUDA calls; kernels, copies and memsets. */
void export_nsys_write_calls(export_nsys_file *w);
void export_nsys_write_gpu(export_nsys_file *w);

/* Writes NVTX ranges, marks, domains and names of categories. */
void export_nsys_write_ranges(export_nsys_file *w);

/* Write the synchronisations and the profiler overhead of an imported capture. */
void export_nsys_write_syncs(export_nsys_file *w);
void export_nsys_write_overheads(export_nsys_file *w);

/* Writes the creation of CUDA graphs and their nodes. */
void export_nsys_write_nodes(export_nsys_file *w);

/* Opens the empty file at w->path. */
void export_nsys_open_output(export_nsys_file *w);

/* Runs an SQL statement without results. */
void export_nsys_run(export_nsys_file *w, const char *sql);

/* Returns a prepared statement, which the caller finalizes; NULL after an error. */
sqlite3_stmt *export_nsys_prepare(export_nsys_file *w, const char *sql);

/* Runs an INSERT with the bound values and resets it. */
void export_nsys_step(export_nsys_file *w, sqlite3_stmt *statement);

/* Return the id in StringIds of name `index`, or of a text, which is added if it is new. */
int64_t export_nsys_string(export_nsys_file *w, uint32_t index);
int64_t export_nsys_text(export_nsys_file *w, const char *text);

/* Binds a text with invalid UTF-8 repaired; NULL is bound as NULL. */
void export_nsys_bind_text(sqlite3_stmt *statement, int column, const char *text);

/* Converts a time of a row to the file's: ns since the start of the session. */
int64_t export_nsys_since(const export_nsys_file *w, uint64_t time);

/* Returns the globalTid of a thread. */
int64_t export_nsys_thread(const export_nsys_file *w, uint32_t thread);

#endif
