/* One capture on its way to a visitor: where it comes from (a connection and the cursors of its tables), what
 * is known of it (times, process), and the names that the visitor has. */
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
    const input_extras *extras; /* NULL: the details of an export are not wanted */
    bool quiet;                 /* the visitor is not to be called yet */
    names_table names;          /* string id of the trace = index + 1 */
    size_t emitted;             /* names whose definitions the visitor has */
    base_map by_id;             /* id in StringIds -> string id of the trace */
    sqlite3_stmt *string_of;    /* value by id */
    bool marks_of_program;      /* its marks `watch on` and `watch off` are not the recorder's */
    int64_t base;               /* what makes a time of the file a time of the trace */
    int64_t duration;           /* of the capture: ranges that were open get this end; INT64_MAX: not known */
    int64_t first, last;        /* times in the file */
    uint64_t pid;
} input_nsys_capture;

/* Opens the file; false with the error set. */
bool input_nsys_capture_open(input_nsys_capture *cap, const char *path, unsigned jobs, char *error);
void input_nsys_capture_close(input_nsys_capture *cap);

/* The trace's string id of a text, or of an id in StringIds (0 when there is none such); the visitor has its
 * definition, unless `quiet` is set. */
uint32_t input_nsys_text_id(input_nsys_capture *cap, const char *text, size_t len);
uint32_t input_nsys_string_id(input_nsys_capture *cap, int64_t id);

/* The text of a trace's string id. */
const char *input_nsys_name(const input_nsys_capture *cap, uint32_t id);

/* Gives the visitor the definitions that were made while `quiet` was set. */
void input_nsys_emit_names(input_nsys_capture *cap);

/* Gives the visitor META; the second, only when the details of an export are wanted. */
void input_nsys_meta(input_nsys_capture *cap, const char *key, const char *value);
void input_nsys_detail(input_nsys_capture *cap, const char *key, const char *value);

#endif
