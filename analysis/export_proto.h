/* Protocol buffers, as far as a trace needs to be written: fields appended to a growing buffer, nested
 * messages. */
#ifndef ANALYSIS_EXPORT_PROTO_H
#define ANALYSIS_EXPORT_PROTO_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one is empty. */
typedef struct {
    uint8_t *bytes;
    size_t len, cap;
} analysis_proto;

void analysis_proto_varint(analysis_proto *p, uint32_t field, uint64_t value);
void analysis_proto_fixed64(analysis_proto *p, uint32_t field, uint64_t value);
void analysis_proto_double(analysis_proto *p, uint32_t field, double value);
void analysis_proto_bytes(analysis_proto *p, uint32_t field, const void *bytes, size_t len);
void analysis_proto_text(analysis_proto *p, uint32_t field, const char *text);

/* Starts a nested message; what analysis_proto_close must be given. */
size_t analysis_proto_open(analysis_proto *p, uint32_t field);
void analysis_proto_close(analysis_proto *p, size_t opened);

void analysis_proto_free(analysis_proto *p);

#endif
