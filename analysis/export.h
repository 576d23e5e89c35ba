/* The export formats, and what they share. */
#ifndef ANALYSIS_EXPORT_H
#define ANALYSIS_EXPORT_H

#include "analysis/export_rows.h"

/* Writes the rows to `path`, an empty file that exists. 0, or -1 with one line in `error`. */
typedef int analysis_exporter(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* The layout of Nsight Systems' SQLite export, schema 3.20.3. */
int analysis_export_nsys(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Chrome trace JSON with the events and arguments of torch.profiler. */
int analysis_export_chrome(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Perfetto's protobuf. */
int analysis_export_perfetto(analysis_events *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* A copy of the text in which what is no UTF-8 is U+FFFD; *len becomes its length. The caller frees it. */
char *analysis_export_utf8(const char *text, size_t *len);

/* What torch.profiler calls a copy or a fill: "Memcpy HtoD (Pinned -> Device)", "Memset (Device)". */
enum { ANALYSIS_MEMORY_NAME_BYTES = 100 };
void analysis_export_memory_name(char out[ANALYSIS_MEMORY_NAME_BYTES], const analysis_event_gpu *row);

/* The text of name `index`, with a terminator. */
static inline const char *analysis_events_name(const analysis_events *rows, uint32_t index) {
    return rows->names.list[index].text;
}

/* META `device.N.KEY` of a device as its process has it, or NULL; as a number, -1 when there is none. */
const char *analysis_export_device(const analysis_events *rows, const analysis_event_device *device,
                                   const char *key);
int64_t analysis_export_device_number(const analysis_events *rows, const analysis_event_device *device,
                                      const char *key);

/* The demangled name of a shape's kernel, "(no name)" where it has none. The caller frees it. */
char *analysis_export_kernel_name(const analysis_events *rows, uint32_t shape);

/* The payload of a range, widened. Says which member of *value it is in, if in any. */
typedef enum {
    ANALYSIS_PAYLOAD_NONE,
    ANALYSIS_PAYLOAD_UINT,
    ANALYSIS_PAYLOAD_INT,
    ANALYSIS_PAYLOAD_DOUBLE
} analysis_payload_kind;
typedef union {
    uint64_t u;
    int64_t i;
    double f;
} analysis_payload;
analysis_payload_kind analysis_export_payload(const analysis_event_range *row, analysis_payload *value);

#endif
