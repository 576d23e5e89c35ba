/* Encodes Protocol Buffers messages (protobuf.dev/programming-guides/encoding): fields and nested messages, appended to a
 * growing buffer. */
#ifndef BASE_PROTOBUF_WRITER_H
#define BASE_PROTOBUF_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one is empty. */
typedef struct {
    uint8_t *bytes;
    size_t len, cap;
} base_protobuf;

/* Each appends one field with number `field` > 0, of wire type VARINT, I64 (the next two), and LEN (the last two).
 * Memory: as base_alloc. */
void base_protobuf_varint(base_protobuf *p, uint32_t field, uint64_t value);
void base_protobuf_fixed64(base_protobuf *p, uint32_t field, uint64_t value);
void base_protobuf_double(base_protobuf *p, uint32_t field, double value);
void base_protobuf_bytes(base_protobuf *p, uint32_t field, const void *bytes, size_t len);
void base_protobuf_text(base_protobuf *p, uint32_t field, const char *text);

/* Opens a nested message as field `field`, and closes it; fields in between belong to it. Messages nest; `opened` is what
 * base_protobuf_open returned. */
size_t base_protobuf_open(base_protobuf *p, uint32_t field);
void base_protobuf_close(base_protobuf *p, size_t opened);

/* Frees the buffer and leaves it empty. */
void base_protobuf_free(base_protobuf *p);

#endif
