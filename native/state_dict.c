/* Interprets the pickle of a state dict; see state_dict.h. The opcodes are those of Python's pickletools. */
#include "native/state_dict.h"

#include "native/state_dict_classes.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PICKLE = 16 * 1000 * 1000 };

static const char *const kind_names[] = {"None",    "a bool",  "a mark", "a number",  "a string",
                                         "a tuple", "a class", "a dict", "a storage", "a tensor"};

/* Sets the topmost `count` values, keys and values by turns, in the dict below them. */
static bool set_items(native_pickle *r, size_t count, bool mark) {
    if (count % 2 != 0) {
        return native_pickle_fail(r, "a key without its value");
    }
    const native_pickle_value *values = native_pickle_pop(r, count);
    if (values == NULL || (mark && r->stack.count == 0)) {
        return false;
    }
    r->stack.count -= mark ? 1 : 0;
    const native_pickle_value *below =
        r->stack.count > 0 ? (const native_pickle_value *)r->stack.data + r->stack.count - 1 : NULL;
    if (below == NULL || native_pickle_kind(*below) != NATIVE_PICKLE_DICT) {
        return native_pickle_fail(r, "items of something that is no dict");
    }
    for (size_t i = 0; i < count; i += 2) {
        bool room = r->items.count < native_pickle_most(r, 6) ||
                    native_pickle_fail(r, "more items than a state dict needs");
        native_pickle_item *item = room ? native_pickle_append(r, &r->items, sizeof *item) : NULL;
        if (item == NULL) {
            return false;
        }
        *item = (native_pickle_item){native_pickle_payload(*below), values[i], values[i + 1]};
    }
    return true;
}

/* The attributes of an OrderedDict (a model's _metadata) are not needed. */
static bool build_object(native_pickle *r) {
    const native_pickle_value *values = native_pickle_pop(r, 2);
    if (values == NULL) {
        return false;
    }
    native_pickle_value object = values[0];
    if (native_pickle_kind(object) != NATIVE_PICKLE_DICT ||
        native_pickle_kind(values[1]) != NATIVE_PICKLE_DICT) {
        return native_pickle_fail(r, "attributes of something that is no dict");
    }
    r->stack.count++;
    return true;
}

static bool put_memo(native_pickle *r, int bytes) {
    uint64_t index;
    if (!native_pickle_take_number(r, bytes, &index)) {
        return false;
    }
    const native_pickle_value *top = native_pickle_pop(r, 1);
    if (top == NULL) {
        return false;
    }
    r->stack.count++;
    if (index > r->memo.count) {
        return native_pickle_fail(r, "a memo out of order");
    }
    if (index == r->memo.count) {
        return native_pickle_append_value(r, &r->memo, *top);
    }
    ((native_pickle_value *)r->memo.data)[index] = *top;
    return true;
}

static bool get_memo(native_pickle *r, int bytes) {
    uint64_t index;
    if (!native_pickle_take_number(r, bytes, &index)) {
        return false;
    }
    if (index >= r->memo.count) {
        return native_pickle_fail(r, "a memo that was not set");
    }
    native_pickle_value value = ((const native_pickle_value *)r->memo.data)[index];
    return native_pickle_push(r, native_pickle_kind(value), native_pickle_payload(value));
}

/* Opcodes that other pickles have, for messages. */
static const char *opcode_name(unsigned char opcode) {
    static const struct {
        unsigned char opcode;
        const char *name;
    } names[] = {{'i', "INST"},
                 {'o', "OBJ"},
                 {0x81, "NEWOBJ"},
                 {0x92, "NEWOBJ_EX"},
                 {0x93, "STACK_GLOBAL"},
                 {0x82, "EXT1"},
                 {0x83, "EXT2"},
                 {0x84, "EXT4"},
                 {'P', "PERSID"},
                 {'F', "FLOAT"},
                 {'G', "BINFLOAT"},
                 {'I', "INT"},
                 {'L', "LONG"},
                 {0x8b, "LONG4"},
                 {'S', "STRING"},
                 {'T', "BINSTRING"},
                 {'U', "SHORT_BINSTRING"},
                 {'V', "UNICODE"},
                 {0x8c, "SHORT_BINUNICODE"},
                 {0x8d, "BINUNICODE8"},
                 {'B', "BINBYTES"},
                 {'C', "SHORT_BINBYTES"},
                 {0x8e, "BINBYTES8"},
                 {0x96, "BYTEARRAY8"},
                 {'l', "LIST"},
                 {']', "EMPTY_LIST"},
                 {'a', "APPEND"},
                 {'e', "APPENDS"},
                 {'d', "DICT"},
                 {0x8f, "EMPTY_SET"},
                 {0x90, "ADDITEMS"},
                 {0x91, "FROZENSET"},
                 {'0', "POP"},
                 {'1', "POP_MARK"},
                 {'2', "DUP"},
                 {'g', "GET"},
                 {'p', "PUT"},
                 {0x94, "MEMOIZE"},
                 {0x95, "FRAME"},
                 {0x97, "NEXT_BUFFER"},
                 {0x98, "READONLY_BUFFER"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].opcode == opcode) {
            return names[i].name;
        }
    }
    return "unknown";
}

static bool check_protocol(native_pickle *r) {
    uint64_t protocol;
    if (!native_pickle_take_number(r, 1, &protocol)) {
        return false;
    }
    return protocol == 2 ||
           native_fail(
               r->error, NATIVE_EXIT_INPUT,
               "%.3000s: pickle protocol %llu is not read: save it with torch.save's default protocol, 2",
               r->source->path, (unsigned long long)protocol);
}

/* Opcodes that take a mark. */
static bool run_marked_opcode(native_pickle *r, unsigned char opcode) {
    size_t count;
    if (!native_pickle_count_to_mark(r, &count)) {
        return false;
    }
    if (opcode == 'u') {
        return set_items(r, count, true);
    }
    if (!native_pickle_push_tuple(r, count)) {
        return false;
    }
    /* The tuple takes the mark's place. */
    native_pickle_value *stack = r->stack.data;
    stack[r->stack.count - 2] = stack[r->stack.count - 1];
    r->stack.count--;
    return true;
}

static bool run_opcode(native_pickle *r, unsigned char opcode) {
    switch (opcode) {
    case 0x80:
        return check_protocol(r);
    case '(':
        return native_pickle_push(r, NATIVE_PICKLE_MARK, 0);
    case '}':
        return native_pickle_push(r, NATIVE_PICKLE_DICT, r->dicts++);
    case ')':
        return native_pickle_push_tuple(r, 0);
    case 0x85:
    case 0x86:
    case 0x87:
        return native_pickle_push_tuple(r, (size_t)opcode - 0x84);
    case 't':
    case 'u':
        return run_marked_opcode(r, opcode);
    case 's':
        return set_items(r, 2, false);
    case 'N':
        return native_pickle_push(r, NATIVE_PICKLE_NONE, 0);
    case 0x88:
    case 0x89:
        return native_pickle_push(r, NATIVE_PICKLE_BOOL, opcode == 0x88);
    case 'J':
        return native_pickle_push_number(r, 4);
    case 'K':
        return native_pickle_push_number(r, 1);
    case 'M':
        return native_pickle_push_number(r, 2);
    case 0x8a:
        return native_pickle_push_long(r);
    case 'X':
        return native_pickle_push_text(r);
    case 'c':
        return native_pickle_push_class(r);
    case 'Q':
        return native_pickle_push_storage(r);
    case 'R':
        return native_pickle_call(r);
    case 'b':
        return build_object(r);
    case 'q':
        return put_memo(r, 1);
    case 'r':
        return put_memo(r, 4);
    case 'h':
        return get_memo(r, 1);
    case 'j':
        return get_memo(r, 4);
    default:
        return native_fail(r->error, NATIVE_EXIT_INPUT,
                           "%.3000s: pickle opcode 0x%02x (%s) is refused: a state dict of tensors needs no "
                           "such opcode; save "
                           "model.state_dict() alone",
                           r->source->path, opcode, opcode_name(opcode));
    }
}

/* Runs all opcodes; the one value that is left is the result. */
static bool run_pickle(native_pickle *r, native_pickle_value *result) {
    for (;;) {
        r->opcode = r->at;
        const unsigned char *opcode = native_pickle_take(r, 1);
        if (opcode == NULL) {
            return false;
        }
        if (*opcode == '.') {
            const native_pickle_value *top = native_pickle_pop(r, 1);
            if (top == NULL || r->stack.count != 0 || r->at != r->end) {
                return native_pickle_fail(r, "its end is not that of one value");
            }
            *result = *top;
            return true;
        }
        if (!run_opcode(r, *opcode)) {
            return false;
        }
    }
}

/* An item of the state dict itself: a name and a tensor. */
static bool add_named_tensor(native_pickle *r, const native_pickle_item *item, native_tensor_table *table,
                             char **next) {
    size_t length;
    if (native_pickle_kind(item->key) != NATIVE_PICKLE_TEXT) {
        return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s: a key of its dict is no string, but %s",
                           r->source->path, kind_names[native_pickle_kind(item->key)]);
    }
    const char *name = native_pickle_text(r, item->key, &length);
    if (native_pickle_kind(item->value) != NATIVE_PICKLE_TENSOR) {
        return native_fail(r->error, NATIVE_EXIT_INPUT,
                           "%.3000s: \"%.*s\" is no tensor, but %s: save model.state_dict() alone",
                           r->source->path, (int)(length < 200 ? length : 200), name,
                           kind_names[native_pickle_kind(item->value)]);
    }
    native_entry entry = r->tensors.entries[native_pickle_payload(item->value)];
    memcpy(*next, name, length);
    entry.name = *next;
    (*next)[length] = '\0';
    *next += length + 1;
    return native_tensor_table_add(table, &entry) || native_pickle_fail_memory(r);
}

/* The memory that the names need: a memo can give one name to many items, so it is counted first. */
static bool allocate_names(native_pickle *r, uint64_t dict, char **names) {
    const native_pickle_item *items = r->items.data;
    size_t all = 1, length;
    for (size_t i = 0; i < r->items.count; i++) {
        if (items[i].dict == dict && native_pickle_kind(items[i].key) == NATIVE_PICKLE_TEXT) {
            native_pickle_text(r, items[i].key, &length);
            all += length + 1;
        }
    }
    if (all > (size_t)(r->end - r->begin) + 1) {
        native_pickle_fail(r, "one name for several tensors");
        return false;
    }
    *names = malloc(all);
    if (*names == NULL) {
        native_pickle_fail_memory(r);
        return false;
    }
    return true;
}

static bool collect_tensors(native_pickle *r, native_pickle_value result, native_tensor_table *table,
                            char **names) {
    if (native_pickle_kind(result) != NATIVE_PICKLE_DICT) {
        return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s holds %s: a state dict is needed",
                           r->source->path, kind_names[native_pickle_kind(result)]);
    }
    const native_pickle_item *items = r->items.data;
    uint64_t dict = native_pickle_payload(result);
    bool ok = allocate_names(r, dict, names);
    char *next = *names;
    for (size_t i = 0; i < r->items.count && ok; i++) {
        ok = items[i].dict != dict || add_named_tensor(r, &items[i], table, &next);
    }
    return ok;
}

bool native_state_dict_read(const native_pickle_source *source, const unsigned char *pickle, size_t bytes,
                            native_tensor_table *table, char **names, native_error *error) {
    native_pickle r = {.source = source,
                       .error = error,
                       .begin = pickle,
                       .at = pickle,
                       .end = pickle + bytes,
                       .opcode = pickle};
    native_pickle_value result = 0;
    *names = NULL;
    if (bytes > MAX_PICKLE) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: a data.pkl of more than 16 MB is not read",
                           source->path);
    }
    bool ok = run_pickle(&r, &result) && collect_tensors(&r, result, table, names);
    native_pickle_array *const arrays[] = {&r.stack, &r.memo, &r.tuples, &r.storages, &r.items};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        free(arrays[i]->data);
    }
    native_tensor_table_free(&r.tensors);
    return ok;
}
