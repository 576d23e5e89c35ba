#include "analysis/export/export_target.h"

#include "analysis/base/alloc.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/capture_reader.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whether the SQLite file has the table that every export has. */
static bool is_nsys(const char *path) {
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "SELECT 1 FROM META_DATA_EXPORT", -1, &s, NULL) == SQLITE_OK;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return found;
}

/* Whether this is what an export writes: SQLite with its metadata, or a file that names moetrace at its head.
 */
static bool is_export(const char *path) {
    char head[4096];
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    size_t n = fread(head, 1, sizeof head, file);
    fclose(file);
    if (n >= 16 && memcmp(head, "SQLite format 3", 16) == 0) {
        return is_nsys(path);
    }
    bool trace = n >= 8 && memcmp(head, TRACE_MAGIC, 8) == 0;
    return n == 0 || (!trace && memmem(head, n, "moetrace", 8) != NULL);
}

bool export_may_write(const char *path, bool force, char *const *inputs, size_t count,
                      char error[TRACE_ERROR_BYTES]) {
    struct stat out, in;
    if (stat(path, &out) != 0) {
        return true; /* writing says what is wrong, if anything is */
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t process;
        char *file = base_copy(inputs[i], input_capture_file(inputs[i], &process));
        int there = stat(file, &in);
        free(file);
        if (there == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
            snprintf(error, TRACE_ERROR_BYTES,
                     "%s: is what is to be exported; give another name with --output", path);
            return false;
        }
    }
    if (!S_ISREG(out.st_mode)) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: exists and is no regular file; give another name with --output", path);
        return false;
    }
    if (!force && !is_export(path)) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: exists and is no export; give another name, or --force to replace it", path);
        return false;
    }
    return true;
}
