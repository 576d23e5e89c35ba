/* What the export formats share. */
#include "analysis/export/export_common.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle_nsys.h"
#include "analysis/names/kernel_display_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *memory_kind_name(uint8_t kind) {
    static const char *const kinds[] = {"Unknown", "Pageable", "Pinned",        "Device",
                                        "Array",   "Managed",  "Device Static", "Managed Static"};
    return kinds[kind < sizeof kinds / sizeof *kinds ? kind : 0];
}

void export_memory_name(char out[EXPORT_MEMORY_NAME_BYTES], const events_gpu *row) {
    static const char *const kinds[] = {"Unknown", "HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                        "AtoD",    "DtoA", "DtoD", "HtoH", "PtoP"};
    if (row->kind == TRACE_GPU_MEMSET) {
        snprintf(out, EXPORT_MEMORY_NAME_BYTES, "Memset (%s)", memory_kind_name(row->dst_mem_kind));
    } else {
        snprintf(out, EXPORT_MEMORY_NAME_BYTES, "Memcpy %s (%s -> %s)",
                 kinds[row->copy_kind < sizeof kinds / sizeof *kinds ? row->copy_kind : 0],
                 memory_kind_name(row->src_mem_kind), memory_kind_name(row->dst_mem_kind));
    }
}

const char *export_device(const events_store *rows, const events_device *device, const char *key) {
    char name[80];
    snprintf(name, sizeof name, "device.%u.%s", device->ordinal, key);
    return events_source_meta(&rows->sources[device->source], name);
}

int64_t export_device_number(const events_store *rows, const events_device *device, const char *key) {
    const char *text = export_device(rows, device, key);
    char *end;
    errno = 0;
    long long value = text ? strtoll(text, &end, 10) : -1;
    return text && *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 ? value : -1;
}

char *export_kernel_name(const events_store *rows, uint32_t shape) {
    uint32_t name = rows->shapes[shape].shape.name;
    return name == BASE_NONE ? base_copy("(no name)", 9) : names_kernel_signature(export_name(rows, name));
}

export_payload_kind export_payload(const events_range *row, export_payload_value *value) {
    uint32_t low = (uint32_t)row->payload;
    float f32;
    switch (row->payload_type) {
    case TRACE_PAYLOAD_U64:
    case TRACE_PAYLOAD_U32:
        value->u = row->payload;
        return EXPORT_PAYLOAD_UINT;
    case TRACE_PAYLOAD_I64:
        value->i = (int64_t)row->payload;
        return EXPORT_PAYLOAD_INT;
    case TRACE_PAYLOAD_I32:
        value->i = (int32_t)low;
        return EXPORT_PAYLOAD_INT;
    case TRACE_PAYLOAD_F64:
        memcpy(&value->f, &row->payload, sizeof value->f);
        return EXPORT_PAYLOAD_DOUBLE;
    case TRACE_PAYLOAD_F32:
        memcpy(&f32, &low, sizeof f32);
        value->f = (double)f32;
        return EXPORT_PAYLOAD_DOUBLE;
    default:
        return EXPORT_PAYLOAD_NONE;
    }
}
