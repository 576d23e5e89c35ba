/* The first byte of a HOST or GPU record (docs/trace-format.md): its low four bits are the record's kind, the others flag
 * which optional fields follow. */
#ifndef TRACE_FLAGS_H
#define TRACE_FLAGS_H

enum {
    TRACE_KIND_MASK = 0x0f,
    TRACE_FLAGS_MASK = 0xf0,

    /* NVTX events; NAME events have the first only. */
    TRACE_HOST_HAS_DOMAIN = 0x10,
    TRACE_HOST_HAS_PAYLOAD = 0x20,
    TRACE_HOST_HAS_STYLE = 0x40, /* category and color */

    /* CUDA calls. */
    TRACE_API_HAS_CORRELATION = 0x10,
    TRACE_API_HAS_RESULT = 0x20, /* a non-zero result; excludes the next one */
    TRACE_API_NO_RESULT = 0x40,  /* the result is unknown */

    TRACE_GPU_HAS_QUEUE = 0x10, /* otherwise the queue of the preceding record */
    TRACE_GPU_IS_UNTIMED = 0x20,
    TRACE_GPU_HAS_GRAPH = 0x40,

    TRACE_FLAG_RESERVED = 0x80 /* never set */
};

#endif
