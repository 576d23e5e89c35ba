/* Helpers of the writers of all export formats. */
#ifndef EXPORT_EXPORT_COMMON_H
#define EXPORT_EXPORT_COMMON_H

#include "analysis/events/event_sources.h"
#include "analysis/events/event_store.h"

/* A writer of one format: writes all rows to the existing, empty file at `path`. Returns 0, or -1 with one line in
 * `error`. */
typedef int export_writer(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* Formats the name of a copy or a memset as torch.profiler does: "Memcpy HtoD (Pinned -> Device)", "Memset (Device)". */
enum { EXPORT_MEMORY_NAME_BYTES = 100 };
void export_memory_name(char out[EXPORT_MEMORY_NAME_BYTES], const events_gpu *row);

/* Returns the text of name `index`, NUL-terminated. */
static inline const char *export_name(const events_store *rows, uint32_t index) {
    return rows->names.list[index].text;
}

/* Return META entry `device.N.KEY` of a device, N being its ordinal in its process: as text, or NULL; as a number, or
 * -1. */
const char *export_device(const events_store *rows, const events_device *device, const char *key);
int64_t export_device_number(const events_store *rows, const events_device *device, const char *key);

/* Returns the demangled name of a shape's kernel, or "(no name)". The caller frees it. */
char *export_kernel_name(const events_store *rows, uint32_t shape);

/* The payload of a range, widened to 64 bits: export_payload returns which member of *value it set. */
typedef enum {
    EXPORT_PAYLOAD_NONE,
    EXPORT_PAYLOAD_UINT,
    EXPORT_PAYLOAD_INT,
    EXPORT_PAYLOAD_DOUBLE
} export_payload_kind;
typedef union {
    uint64_t u;
    int64_t i;
    double f;
} export_payload_value;
export_payload_kind export_payload(const events_range *row, export_payload_value *value);

#endif
