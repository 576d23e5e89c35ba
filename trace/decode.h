/* Decodes one chunk of a trace (docs/trace-format.md). */
#ifndef TRACE_DECODE_H
#define TRACE_DECODE_H

#include "trace/trace.h"

/* Read an unsigned little-endian integer at any alignment. */
static inline uint16_t trace_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t trace_u32(const uint8_t *p) {
    return (uint32_t)trace_u16(p) | (uint32_t)trace_u16(p + 2) << 16;
}

static inline uint64_t trace_u64(const uint8_t *p) {
    return (uint64_t)trace_u32(p) | (uint64_t)trace_u32(p + 4) << 32;
}

/* Passes the records of a chunk, whose header and checksum are valid, to the visitor and counts the chunk in *status. An
 * invalid record (an encoding error, as the checksum holds) ends the chunk and counts as damage. Returns the first
 * non-zero value that a visitor function returned, else 0. */
int trace_decode(const uint8_t *chunk, const trace_visitor *v, trace_status *status);

#endif
