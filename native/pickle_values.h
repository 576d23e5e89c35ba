/* The values of a state dict's pickle, its stack and its memory (state_dict.h). */
#ifndef NATIVE_PICKLE_VALUES_H
#define NATIVE_PICKLE_VALUES_H

#include "native/error.h"
#include "native/tensor_table.h"

/* Where the bytes of a storage lie; false if there is no such storage. */
typedef bool native_storage_finder(const void *context, const char *key, size_t length,
                                   const unsigned char **data, size_t *bytes);

typedef struct {
    const char *path; /* of the file, for entries and messages */
    native_storage_finder *find;
    const void *context;
} native_pickle_source;

/* A value: its kind in the upper 4 bits, below them a number, an offset in the pickle or an index. */
typedef uint64_t native_pickle_value;
enum {
    NATIVE_PICKLE_NONE,
    NATIVE_PICKLE_BOOL,
    NATIVE_PICKLE_MARK,
    NATIVE_PICKLE_INT,     /* the number, which is never negative */
    NATIVE_PICKLE_TEXT,    /* offset of a length of 4 bytes that precedes the text */
    NATIVE_PICKLE_TUPLE,   /* index into tuples: the count, then the items */
    NATIVE_PICKLE_CLASS,   /* a number of state_dict_classes.h */
    NATIVE_PICKLE_DICT,    /* a number of its own for each dict */
    NATIVE_PICKLE_STORAGE, /* index into storages */
    NATIVE_PICKLE_TENSOR,  /* index into tensors */
    NATIVE_PICKLE_COUNT,
};
#define NATIVE_PICKLE_PAYLOAD_BITS 60
#define NATIVE_PICKLE_MAX_PAYLOAD  ((UINT64_C(1) << NATIVE_PICKLE_PAYLOAD_BITS) - 1)

static inline native_pickle_value native_pickle_value_of(unsigned kind, uint64_t payload) {
    return (uint64_t)kind << NATIVE_PICKLE_PAYLOAD_BITS | payload;
}

static inline unsigned native_pickle_kind(native_pickle_value value) {
    return (unsigned)(value >> NATIVE_PICKLE_PAYLOAD_BITS);
}

static inline uint64_t native_pickle_payload(native_pickle_value value) {
    return value & NATIVE_PICKLE_MAX_PAYLOAD;
}

/* An item that was set in a dict. */
typedef struct {
    uint64_t dict;
    native_pickle_value key, value;
} native_pickle_item;

/* An array that grows. */
typedef struct {
    void *data;
    size_t count, room;
} native_pickle_array;

typedef struct {
    const native_pickle_source *source;
    native_error *error;
    const unsigned char *begin, *at, *end;
    const unsigned char *opcode;             /* the one that is run */
    native_pickle_array stack, memo, tuples; /* native_pickle_value */
    native_pickle_array storages;            /* of state_dict_classes.c */
    native_pickle_array items;               /* native_pickle_item */
    native_tensor_table tensors;             /* without names */
    uint64_t dicts;
} native_pickle;

/* Fail with the byte of the current opcode, and for want of memory. Always false. */
bool native_pickle_fail(native_pickle *r, const char *wrong);
bool native_pickle_fail_memory(native_pickle *r);

/* Returns how many things a pickle can hold of which each takes at least `bytes` of it when torch.save writes them: a memo lets a
 * hostile one name the same thing again and again. */
size_t native_pickle_most(const native_pickle *r, size_t bytes);

/* Returns room for one element more; NULL with the error set. */
void *native_pickle_append(native_pickle *r, native_pickle_array *array, size_t element);
bool native_pickle_append_value(native_pickle *r, native_pickle_array *array, native_pickle_value value);

bool native_pickle_push(native_pickle *r, unsigned kind, uint64_t payload);
/* Takes `count` values, the topmost last; NULL with the error set if there are fewer, or a mark among them. */
const native_pickle_value *native_pickle_pop(native_pickle *r, size_t count);
/* Counts the values above the last mark; false without one. */
bool native_pickle_count_to_mark(native_pickle *r, size_t *count);

/* Return the next `count` bytes, or NULL at the end; and a little-endian number of up to 8 bytes. */
const unsigned char *native_pickle_take(native_pickle *r, uint64_t count);
bool native_pickle_take_number(native_pickle *r, int count, uint64_t *out);

/* Read what follows an opcode, and push it. */
bool native_pickle_push_number(native_pickle *r, int bytes);
bool native_pickle_push_long(native_pickle *r);
bool native_pickle_push_text(native_pickle *r);
bool native_pickle_push_tuple(native_pickle *r, size_t count);

/* Returns the bytes of a string. */
const char *native_pickle_text(const native_pickle *r, native_pickle_value value, size_t *length);
bool native_pickle_is_text(const native_pickle *r, native_pickle_value value, const char *text);
/* Returns the items of a tuple; NULL if the value is none, or one of another length. */
const native_pickle_value *native_pickle_tuple_items(const native_pickle *r, native_pickle_value value,
                                                     size_t least, size_t most, size_t *count);

#endif
