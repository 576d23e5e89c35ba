/* Protocol buffers, as far as a trace needs to be written: fields appended to a growing buffer, nested
 * messages. */
#ifndef BASE_PROTOBUF_WRITER_H
#define BASE_PROTOBUF_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one is empty. */
typedef struct {
    uint8_t *bytes;
    size_t len, cap;
} base_protobuf;

void base_protobuf_varint(base_protobuf *p, uint32_t field, uint64_t value);
void base_protobuf_fixed64(base_protobuf *p, uint32_t field, uint64_t value);
void base_protobuf_double(base_protobuf *p, uint32_t field, double value);
void base_protobuf_bytes(base_protobuf *p, uint32_t field, const void *bytes, size_t len);
void base_protobuf_text(base_protobuf *p, uint32_t field, const char *text);

/* Starts a nested message; what base_protobuf_close must be given. */
size_t base_protobuf_open(base_protobuf *p, uint32_t field);
void base_protobuf_close(base_protobuf *p, size_t opened);

void base_protobuf_free(base_protobuf *p);

#endif
