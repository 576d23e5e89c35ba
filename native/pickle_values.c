/* Values, stack and memory of a pickle; see pickle_values.h. */
#include "native/pickle_values.h"

#include "native/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_STACK = 1 << 16, /* Python's pickler batches the items of a dict by 1000 */
};

bool native_pickle_fail(native_pickle *r, const char *wrong) {
    return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s: its state dict is invalid at byte %zu: %s",
                       r->source->path, (size_t)(r->opcode - r->begin), wrong);
}

bool native_pickle_fail_memory(native_pickle *r) {
    return native_fail(r->error, NATIVE_EXIT_FAILED, "out of memory reading %.3000s", r->source->path);
}

/* How many things a pickle can hold of which each takes at least `bytes` of it when torch.save writes them: a memo lets a hostile
 * one name the same thing again and again. */
size_t native_pickle_most(const native_pickle *r, size_t bytes) {
    return 64 + (size_t)(r->end - r->begin) / bytes;
}

/* Room for one element more; NULL with the error set. */
void *native_pickle_append(native_pickle *r, native_pickle_array *array, size_t element) {
    if (array->count == array->room) {
        size_t room = array->room + array->room / 2 + 64;
        void *data = realloc(array->data, room * element);
        if (data == NULL) {
            native_pickle_fail_memory(r);
            return NULL;
        }
        array->data = data;
        array->room = room;
    }
    return (char *)array->data + array->count++ * element;
}

bool native_pickle_append_value(native_pickle *r, native_pickle_array *array, native_pickle_value value) {
    native_pickle_value *to = native_pickle_append(r, array, sizeof value);
    if (to != NULL) {
        *to = value;
    }
    return to != NULL;
}

bool native_pickle_push(native_pickle *r, unsigned kind, uint64_t payload) {
    if (r->stack.count == MAX_STACK) {
        return native_pickle_fail(r, "its stack is deeper than a state dict needs");
    }
    return native_pickle_append_value(r, &r->stack, native_pickle_value_of(kind, payload));
}

/* Takes `count` values, the topmost last; NULL if there are fewer, or a mark among them. */
const native_pickle_value *native_pickle_pop(native_pickle *r, size_t count) {
    static const native_pickle_value none[1];
    if (count == 0) {
        return none;
    }
    if (r->stack.count < count) {
        native_pickle_fail(r, "its stack is empty");
        return NULL;
    }
    r->stack.count -= count;
    const native_pickle_value *values = (const native_pickle_value *)r->stack.data + r->stack.count;
    for (size_t i = 0; i < count; i++) {
        if (native_pickle_kind(values[i]) == NATIVE_PICKLE_MARK) {
            native_pickle_fail(r, "a mark where a value is needed");
            return NULL;
        }
    }
    return values;
}

/* The number of values above the last mark; false without one. */
bool native_pickle_count_to_mark(native_pickle *r, size_t *count) {
    const native_pickle_value *stack = r->stack.data;
    for (*count = 0; *count < r->stack.count; ++*count) {
        if (native_pickle_kind(stack[r->stack.count - 1 - *count]) == NATIVE_PICKLE_MARK) {
            return true;
        }
    }
    return native_pickle_fail(r, "a mark is missing");
}

/* The next `count` bytes; NULL at the end. */
const unsigned char *native_pickle_take(native_pickle *r, uint64_t count) {
    const unsigned char *bytes = r->at;
    if (count > (uint64_t)(r->end - r->at)) {
        native_pickle_fail(r, "it is cut");
        return NULL;
    }
    r->at += count;
    return bytes;
}

bool native_pickle_take_number(native_pickle *r, int count, uint64_t *out) {
    const unsigned char *bytes = native_pickle_take(r, (uint64_t)count);
    *out = 0;
    for (int i = count - 1; bytes != NULL && i >= 0; i--) {
        *out = *out << 8 | bytes[i];
    }
    return bytes != NULL;
}

/* Numbers are sizes, strides, offsets and counts: never negative. */
bool native_pickle_push_number(native_pickle *r, int bytes) {
    uint64_t value;
    if (!native_pickle_take_number(r, bytes, &value)) {
        return false;
    }
    bool negative = bytes >= 4 && bytes <= 8 && value >> (8 * bytes - 1) != 0;
    return negative || value > NATIVE_PICKLE_MAX_PAYLOAD
               ? native_pickle_fail(r, "a number that is negative or too large")
               : native_pickle_push(r, NATIVE_PICKLE_INT, value);
}

bool native_pickle_push_long(native_pickle *r) {
    uint64_t length, value;
    if (!native_pickle_take_number(r, 1, &length)) {
        return false;
    }
    if (length > 8) {
        return native_pickle_fail(r, "a number that is negative or too large");
    }
    if (!native_pickle_take_number(r, (int)length, &value)) {
        return false;
    }
    bool negative = length > 0 && value >> (8 * length - 1) != 0;
    return negative || value > NATIVE_PICKLE_MAX_PAYLOAD
               ? native_pickle_fail(r, "a number that is negative or too large")
               : native_pickle_push(r, NATIVE_PICKLE_INT, value);
}

bool native_pickle_push_text(native_pickle *r) {
    uint64_t length, offset = (uint64_t)(r->at - r->begin);
    if (!native_pickle_take_number(r, 4, &length)) {
        return false;
    }
    const unsigned char *text = native_pickle_take(r, length);
    for (uint64_t i = 0; text != NULL && i < length;) {
        uint32_t code;
        size_t bytes = native_utf8_decode(text + i, (size_t)(length - i), &code);
        if (bytes == 0 || code == 0) {
            return native_pickle_fail(r, "a string that is not UTF-8 or holds NUL");
        }
        i += bytes;
    }
    return text != NULL && native_pickle_push(r, NATIVE_PICKLE_TEXT, offset);
}

/* The bytes of a string. */
const char *native_pickle_text(const native_pickle *r, native_pickle_value value, size_t *length) {
    const unsigned char *at = r->begin + native_pickle_payload(value);
    *length = at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
    return (const char *)at + 4;
}

bool native_pickle_is_text(const native_pickle *r, native_pickle_value value, const char *text) {
    size_t length = 0;
    const char *has =
        native_pickle_kind(value) == NATIVE_PICKLE_TEXT ? native_pickle_text(r, value, &length) : "";
    return native_pickle_kind(value) == NATIVE_PICKLE_TEXT && length == strlen(text) &&
           memcmp(has, text, length) == 0;
}

bool native_pickle_push_tuple(native_pickle *r, size_t count) {
    const native_pickle_value *items = native_pickle_pop(r, count);
    uint64_t index = r->tuples.count;
    if (items != NULL && r->tuples.count + count >= native_pickle_most(r, 1)) {
        return native_pickle_fail(r, "more tuples than a state dict needs");
    }
    bool ok = items != NULL && native_pickle_append_value(r, &r->tuples, count);
    for (size_t i = 0; ok && i < count; i++) {
        ok = native_pickle_append_value(r, &r->tuples, items[i]);
    }
    return ok && native_pickle_push(r, NATIVE_PICKLE_TUPLE, index);
}

/* The items of a tuple; NULL if the value is none, or one of another length. */
const native_pickle_value *native_pickle_tuple_items(const native_pickle *r, native_pickle_value value,
                                                     size_t least, size_t most, size_t *count) {
    if (native_pickle_kind(value) != NATIVE_PICKLE_TUPLE) {
        return NULL;
    }
    const native_pickle_value *tuple =
        (const native_pickle_value *)r->tuples.data + native_pickle_payload(value);
    *count = (size_t)tuple[0];
    return *count >= least && *count <= most ? tuple + 1 : NULL;
}
