/* A capture of Nsight Systems that is being read: the connection and the cursors of its tables, its times and process, and the
 * names that the visitor has received. */
#ifndef INPUT_NSYS_NSYS_CAPTURE_H
#define INPUT_NSYS_NSYS_CAPTURE_H

#include "analysis/input/capture_extras.h"
#include "analysis/input/nsys/nsys_table_cursor.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

typedef struct {
    input_nsys_connection db; /* its `stop` is that of the whole reading */
    input_nsys_cursors cursors;
    const trace_visitor *v;
    const input_extras *extras; /* NULL without input_read_details */
    bool quiet;                 /* the visitor must not be called yet */
    names_table names;          /* string id of the trace = index + 1 */
    size_t emitted;             /* number of names whose definitions the visitor has received */
    base_map by_id;             /* id in StringIds -> string id of the trace */
    sqlite3_stmt *string_of;    /* value by id */
    bool marks_of_program;      /* its marks `watch on` and `watch off` are not the recorder's */
    int64_t base;               /* ns; a time of the file plus this is a time of the trace */
    int64_t duration;    /* of the capture, ns, the end of ranges that were left open; INT64_MAX: unknown */
    int64_t first, last; /* first and last time in the file, ns */
    uint64_t pid;
} input_nsys_capture;

/* Initialises *cap, which is zeroed, and opens the file for reading on at most `jobs` threads. `error` has TRACE_ERROR_BYTES and
 * must outlive *cap. False with the error set. */
bool input_nsys_capture_open(input_nsys_capture *cap, const char *path, unsigned jobs, char *error);
/* Closes the file and frees the names; also after a failed open. */
void input_nsys_capture_close(input_nsys_capture *cap);

/* Return the trace's string id of a text, and of the text with this id in the table StringIds (0 when there is none). The
 * definition of a new name is passed to the visitor, unless `quiet` is set. */
uint32_t input_nsys_text_id(input_nsys_capture *cap, const char *text, size_t len);
uint32_t input_nsys_string_id(input_nsys_capture *cap, int64_t id);

/* Returns the text of one of the trace's string ids, NUL-terminated; valid until the next name is added. */
const char *input_nsys_name(const input_nsys_capture *cap, uint32_t id);

/* Passes the definitions that were added while `quiet` was set to the visitor. */
void input_nsys_emit_names(input_nsys_capture *cap);

/* Pass a META entry to the visitor; input_nsys_detail only for input_read_details. */
void input_nsys_meta(input_nsys_capture *cap, const char *key, const char *value);
void input_nsys_detail(input_nsys_capture *cap, const char *key, const char *value);

#endif
