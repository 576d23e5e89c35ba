/* What the writers of all export formats share. */
#ifndef EXPORT_EXPORT_COMMON_H
#define EXPORT_EXPORT_COMMON_H

#include "analysis/events/event_sources.h"
#include "analysis/events/event_store.h"

/* Writes the rows to `path`, an empty file that exists. 0, or -1 with one line in `error`. */
typedef int export_writer(events_store *rows, const char *path, char error[TRACE_ERROR_BYTES]);

/* The name that torch.profiler gives a copy or a memset: "Memcpy HtoD (Pinned -> Device)", "Memset (Device)". */
enum { EXPORT_MEMORY_NAME_BYTES = 100 };
void export_memory_name(char out[EXPORT_MEMORY_NAME_BYTES], const events_gpu *row);

/* The text of name `index`, with a terminator. */
static inline const char *export_name(const events_store *rows, uint32_t index) {
    return rows->names.list[index].text;
}

/* META `device.N.KEY` of a device as its process has it, or NULL; as a number, -1 when there is none. */
const char *export_device(const events_store *rows, const events_device *device, const char *key);
int64_t export_device_number(const events_store *rows, const events_device *device, const char *key);

/* The demangled name of a shape's kernel, "(no name)" where it has none. The caller frees it. */
char *export_kernel_name(const events_store *rows, uint32_t shape);

/* The payload of a range, widened. Says which member of *value it is in, if in any. */
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
