/* The encoder of protocol buffers. The length of a nested message takes four bytes whatever it is, so that it
 * can be written behind the message's fields. */
#include "analysis/base/protobuf_writer.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };
#define LENGTH_BYTES 4

static void put_bytes(base_protobuf *p, const void *bytes, size_t len) {
    p->bytes = base_grow(p->bytes, &p->cap, p->len + len, 1);
    if (len > 0) {
        memcpy(p->bytes + p->len, bytes, len);
    }
    p->len += len;
}

static void put_varint(base_protobuf *p, uint64_t value) {
    uint8_t out[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) {
        out[n++] = (uint8_t)(value | 0x80);
    }
    out[n++] = (uint8_t)value;
    put_bytes(p, out, n);
}

static void put_key(base_protobuf *p, uint32_t field, uint32_t wire) {
    put_varint(p, (uint64_t)field << 3 | wire);
}

void base_protobuf_varint(base_protobuf *p, uint32_t field, uint64_t value) {
    put_key(p, field, WIRE_VARINT);
    put_varint(p, value);
}

void base_protobuf_fixed64(base_protobuf *p, uint32_t field, uint64_t value) {
    uint8_t out[8];
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> 8 * i);
    }
    put_key(p, field, WIRE_FIXED64);
    put_bytes(p, out, sizeof out);
}

void base_protobuf_double(base_protobuf *p, uint32_t field, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    base_protobuf_fixed64(p, field, bits);
}

void base_protobuf_bytes(base_protobuf *p, uint32_t field, const void *bytes, size_t len) {
    put_key(p, field, WIRE_BYTES);
    put_varint(p, len);
    put_bytes(p, bytes, len);
}

void base_protobuf_text(base_protobuf *p, uint32_t field, const char *text) {
    base_protobuf_bytes(p, field, text, strlen(text));
}

size_t base_protobuf_open(base_protobuf *p, uint32_t field) {
    static const uint8_t room[LENGTH_BYTES];
    put_key(p, field, WIRE_BYTES);
    put_bytes(p, room, sizeof room);
    return p->len;
}

void base_protobuf_close(base_protobuf *p, size_t opened) {
    size_t len = p->len - opened;
    for (int i = 0; i < LENGTH_BYTES; i++) {
        p->bytes[opened - LENGTH_BYTES + (size_t)i] =
            (uint8_t)((len >> 7 * i & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
    }
}

void base_protobuf_free(base_protobuf *p) {
    free(p->bytes);
    memset(p, 0, sizeof *p);
}
