#include "analysis/export/export_target.h"

#include <sqlite3.h>
#include <string.h>

/* Whether the metadata of the SQLite file name moetrace: Nsight Systems writes the same table. */
static bool is_own_sqlite(const char *path) {
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db,
                                    "SELECT 1 FROM META_DATA_EXPORT WHERE name = 'EXPORT_PRODUCT_NAME' AND "
                                    "value = 'moetrace'",
                                    -1, &s, NULL) == SQLITE_OK &&
                 sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return found;
}

/* How export_chrome begins its files. */
static bool is_own_chrome(const char *head, size_t len) {
    static const char opening[] = "{\"schemaVersion\":1,\"producer\":\"moetrace ";
    return len >= sizeof opening && memcmp(head, opening, sizeof opening - 1) == 0;
}

/* How export_perfetto begins its files: a packet, and the first track, which is named after the producer. */
static bool is_own_perfetto(const char *head, size_t len) {
    return head[0] == 0x0a && memmem(head, len < 128 ? len : 128, "\x0emoetrace ", 10) != NULL;
}

static bool is_export(const char *path, const char *head, size_t len) {
    if (len >= 16 && memcmp(head, "SQLite format 3", 16) == 0) {
        return is_own_sqlite(path);
    }
    return is_own_chrome(head, len) || is_own_perfetto(head, len);
}

const base_output_kind export_output_kind = {"an export", is_export};
