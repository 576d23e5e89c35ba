/* Opens and closes a capture, and passes names and META entries to the visitor. */
#include "analysis/input/nsys/nsys_capture.h"

#include "analysis/base/alloc.h"

#include <string.h>

bool input_nsys_capture_open(input_nsys_capture *cap, const char *path, unsigned jobs, char *error) {
    cap->db = (input_nsys_connection){.path = path, .error = error};
    cap->cursors =
        (input_nsys_cursors){.connection = &cap->db, .bytes = input_nsys_file_bytes(path), .jobs = jobs};
    cap->quiet = true;
    return input_nsys_open(&cap->db);
}

void input_nsys_capture_close(input_nsys_capture *cap) {
    input_nsys_cursors_close(&cap->cursors);
    sqlite3_finalize(cap->string_of);
    input_nsys_close(&cap->db);
    names_free(&cap->names);
    base_map_free(&cap->by_id);
}

uint32_t input_nsys_text_id(input_nsys_capture *cap, const char *text, size_t len) {
    len = len > TRACE_STRING_MAX ? TRACE_STRING_MAX : len;
    uint32_t id = names_intern(&cap->names, text, len) + 1;
    input_nsys_emit_names(cap);
    return id;
}

void input_nsys_emit_names(input_nsys_capture *cap) {
    /* Interning may add further names. */
    for (; !cap->quiet && cap->emitted < cap->names.count; cap->emitted++) {
        const names_entry *name = &cap->names.list[cap->emitted];
        if (cap->db.stop == 0 && cap->v->string) {
            cap->db.stop = cap->v->string(cap->v->ctx, (uint32_t)cap->emitted + 1, name->text, name->len);
        }
    }
}

uint32_t input_nsys_string_id(input_nsys_capture *cap, int64_t id) {
    uint32_t known = base_map_get(&cap->by_id, (uint64_t)id);
    if (known != BASE_NONE || !cap->string_of) {
        return known == BASE_NONE ? 0 : known;
    }
    sqlite3_bind_int64(cap->string_of, 1, id);
    known = 0;
    if (input_nsys_step(&cap->db, cap->string_of)) {
        const char *text = (const char *)sqlite3_column_text(cap->string_of, 0);
        known = text ? input_nsys_text_id(cap, text, (size_t)sqlite3_column_bytes(cap->string_of, 0)) : 0;
    }
    sqlite3_reset(cap->string_of);
    base_map_put(&cap->by_id, (uint64_t)id, known);
    return known;
}

const char *input_nsys_name(const input_nsys_capture *cap, uint32_t id) {
    return id == 0 ? "" : cap->names.list[id - 1].text;
}

void input_nsys_meta(input_nsys_capture *cap, const char *key, const char *value) {
    if (cap->db.stop == 0 && value && cap->v->meta) {
        cap->db.stop = cap->v->meta(cap->v->ctx, key, strlen(key), value, strlen(value));
    }
}

void input_nsys_detail(input_nsys_capture *cap, const char *key, const char *value) {
    if (cap->extras) {
        input_nsys_meta(cap, key, value);
    }
}
