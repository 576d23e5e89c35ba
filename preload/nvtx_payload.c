/* Layouts of NVTX payloads: see nvtx_payload.h. */
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>

#include "preload/nvtx_payload.h"

#include "preload/lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define SCHEMAS_MAX 256u
#define ABSENT      UINT64_MAX
#define PATIENCE_MS 100u /* a fork's child may find the lock held forever */

/* Offsets in a structure of the parts that an event keeps; ABSENT: it has no such part. */
typedef struct {
    uint64_t id;
    uint64_t message_at, number_at;
    uint64_t message_type, message_len; /* length of a string inside the structure; 0: a pointer to one */
    uint64_t number_type;
} payload_layout;

static struct {
    atomic_uint count; /* number of complete schemas */
    payload_layout list[SCHEMAS_MAX];
    atomic_uint_fast64_t skipped;
} layouts;

/* How the number of an entry type is stored: the trace's type, and the number of bytes. */
typedef struct {
    trace_payload_type kept;
    uint8_t bytes;
    bool is_signed;
} number_format;

static number_format format_of_number(uint64_t type) {
    static const number_format formats[] = {
        [NVTX_PAYLOAD_ENTRY_TYPE_SHORT] = {TRACE_PAYLOAD_I32, 2, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_USHORT] = {TRACE_PAYLOAD_U32, 2, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_INT] = {TRACE_PAYLOAD_I32, 4, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_UINT] = {TRACE_PAYLOAD_U32, 4, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_LONG] = {TRACE_PAYLOAD_I64, 8, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_ULONG] = {TRACE_PAYLOAD_U64, 8, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_LONGLONG] = {TRACE_PAYLOAD_I64, 8, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_ULONGLONG] = {TRACE_PAYLOAD_U64, 8, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_INT8] = {TRACE_PAYLOAD_I32, 1, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_UINT8] = {TRACE_PAYLOAD_U32, 1, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_INT16] = {TRACE_PAYLOAD_I32, 2, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_UINT16] = {TRACE_PAYLOAD_U32, 2, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_INT32] = {TRACE_PAYLOAD_I32, 4, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_UINT32] = {TRACE_PAYLOAD_U32, 4, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_INT64] = {TRACE_PAYLOAD_I64, 8, true},
        [NVTX_PAYLOAD_ENTRY_TYPE_UINT64] = {TRACE_PAYLOAD_U64, 8, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_FLOAT] = {TRACE_PAYLOAD_F32, 4, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_DOUBLE] = {TRACE_PAYLOAD_F64, 8, false},
        [NVTX_PAYLOAD_ENTRY_TYPE_SIZE] = {TRACE_PAYLOAD_U64, 8, false}};
    static const number_format none = {TRACE_PAYLOAD_NONE, 0, false};
    return type < sizeof formats / sizeof formats[0] ? formats[type] : none;
}

static bool is_string(uint64_t type) {
    return type == NVTX_PAYLOAD_ENTRY_TYPE_CSTRING || type == NVTX_PAYLOAD_ENTRY_TYPE_CSTRING_UTF8;
}

/* Size of an entry in bytes; 0 if unknown. */
static uint64_t entry_bytes(const nvtxPayloadSchemaEntry_t *entry) {
    uint64_t plain = format_of_number(entry->type).bytes;
    if (entry->flags & NVTX_PAYLOAD_ENTRY_FLAG_POINTER) {
        return sizeof(void *);
    }
    if (entry->flags & NVTX_PAYLOAD_ENTRY_FLAG_IS_ARRAY) {
        return 0;
    }
    if (is_string(entry->type)) {
        return entry->arrayOrUnionDetail ? entry->arrayOrUnionDetail : sizeof(char *);
    }
    if (entry->type == NVTX_PAYLOAD_ENTRY_TYPE_NVTX_REGISTERED_STRING_HANDLE ||
        entry->type == NVTX_PAYLOAD_ENTRY_TYPE_ADDRESS) {
        return sizeof(void *);
    }
    bool character = entry->type == NVTX_PAYLOAD_ENTRY_TYPE_CHAR ||
                     entry->type == NVTX_PAYLOAD_ENTRY_TYPE_UCHAR ||
                     entry->type == NVTX_PAYLOAD_ENTRY_TYPE_BYTE;
    return character ? 1 : plain;
}

static uint64_t entry_alignment(const nvtxPayloadSchemaEntry_t *entry, uint64_t bytes, uint64_t pack) {
    uint64_t natural = is_string(entry->type) && entry->arrayOrUnionDetail ? 1 : bytes;
    return pack && pack < natural ? pack : natural;
}

static void note_entry(payload_layout *layout, const nvtxPayloadSchemaEntry_t *entry, uint64_t at) {
    bool plain = !(entry->flags &
                   (NVTX_PAYLOAD_ENTRY_FLAG_POINTER | NVTX_PAYLOAD_ENTRY_FLAG_IS_ARRAY |
                    NVTX_PAYLOAD_ENTRY_FLAG_OFFSET_FROM_BASE | NVTX_PAYLOAD_ENTRY_FLAG_OFFSET_FROM_HERE));
    bool message = (entry->flags & NVTX_PAYLOAD_ENTRY_FLAG_TIMESTAMP) == 0 &&
                   (entry->flags & NVTX_PAYLOAD_ENTRY_FLAG_EVENT_MESSAGE) != 0;
    if (plain && message && layout->message_at == ABSENT &&
        (is_string(entry->type) || entry->type == NVTX_PAYLOAD_ENTRY_TYPE_NVTX_REGISTERED_STRING_HANDLE)) {
        layout->message_at = at;
        layout->message_type = entry->type;
        layout->message_len = is_string(entry->type) ? entry->arrayOrUnionDetail : 0;
    } else if (plain && layout->number_at == ABSENT && format_of_number(entry->type).bytes) {
        layout->number_at = at;
        layout->number_type = entry->type;
    }
}

/* Entries state their offset, or follow each other as in C. Offsets after an entry of unknown size are unknown. */
static void read_entries(payload_layout *layout, const nvtxPayloadSchemaAttr_t *a) {
    uint64_t pack = a->fieldMask & NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ALIGNMENT ? a->packAlign : 0;
    uint64_t at = 0;
    bool known = true;
    for (size_t i = 0; i < a->numEntries; i++) {
        const nvtxPayloadSchemaEntry_t *entry = &a->entries[i];
        uint64_t bytes = entry_bytes(entry), alignment = entry_alignment(entry, bytes, pack);
        if (entry->offset) {
            at = entry->offset;
            known = true;
        } else if (known && alignment) {
            at = (at + alignment - 1) / alignment * alignment;
        }
        if (known) {
            note_entry(layout, entry, at);
        }
        known = known && bytes > 0;
        at += bytes;
    }
}

uint64_t preload_nvtx_payload_register(const void *schema) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const nvtxPayloadSchemaAttr_t *a = schema;
    const uint64_t wanted =
        NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES;
    if (!a || (a->fieldMask & wanted) != wanted || !a->entries || !preload_lock_for(&lock, PATIENCE_MS)) {
        return 0;
    }
    uint64_t id = 0;
    unsigned count = atomic_load(&layouts.count);
    if (count < SCHEMAS_MAX) {
        payload_layout *layout = &layouts.list[count];
        id = NVTX_PAYLOAD_SCHEMA_ID_DYNAMIC_START + count;
        if (a->fieldMask & NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_SCHEMA_ID) {
            id = a->schemaId;
        }
        *layout = (payload_layout){.id = id, .message_at = ABSENT, .number_at = ABSENT};
        if (a->type == NVTX_PAYLOAD_SCHEMA_TYPE_STATIC || a->type == NVTX_PAYLOAD_SCHEMA_TYPE_DYNAMIC) {
            read_entries(layout, a);
        }
        atomic_store_explicit(&layouts.count, count + 1, memory_order_release);
    }
    preload_unlock(&lock);
    return id;
}

static bool find_layout(uint64_t id, payload_layout *layout) {
    unsigned count = atomic_load_explicit(&layouts.count, memory_order_acquire);
    if (id < NVTX_PAYLOAD_SCHEMA_ID_STATIC_START) { /* a predefined type: one number, or one string */
        *layout = (payload_layout){.message_at = ABSENT, .number_at = 0, .number_type = id};
        return format_of_number(id).bytes > 0;
    }
    for (unsigned i = 0; i < count; i++) {
        if (layouts.list[i].id == id) {
            *layout = layouts.list[i];
            return true;
        }
    }
    return false;
}

static bool lies_inside(uint64_t at, uint64_t bytes, size_t size) {
    return at <= size && bytes <= size - at;
}

static bool read_number(trace_host_event *e, const payload_layout *layout, const nvtxPayloadData_t *data) {
    number_format format = format_of_number(layout->number_type);
    if (layout->number_at == ABSENT || !lies_inside(layout->number_at, format.bytes, data->size)) {
        return false;
    }
    uint64_t bits = 0;
    memcpy(&bits, (const char *)data->payload + layout->number_at, format.bytes); /* little-endian */
    if (format.is_signed && format.bytes < 4 && bits >> (8 * format.bytes - 1)) {
        bits = (uint32_t)(bits | UINT32_MAX << (8 * format.bytes));
    }
    e->payload = bits;
    e->payload_type = (uint8_t)format.kept;
    return true;
}

static uint32_t read_message(const payload_layout *layout, const nvtxPayloadData_t *data,
                             preload_string_cache *cache, preload_nvtx_string registered) {
    const char *at = (const char *)data->payload + layout->message_at;
    uint64_t handle;
    if (layout->message_len) {
        if (!lies_inside(layout->message_at, layout->message_len, data->size)) {
            return 0;
        }
        return preload_string_bytes(cache, at, strnlen(at, layout->message_len));
    }
    if (!lies_inside(layout->message_at, sizeof handle, data->size)) {
        return 0;
    }
    memcpy(&handle, at, sizeof handle);
    return layout->message_type == NVTX_PAYLOAD_ENTRY_TYPE_NVTX_REGISTERED_STRING_HANDLE
               ? registered(handle)
               : preload_string_id(cache, (const char *)(uintptr_t)handle);
}

void preload_nvtx_payload_read(trace_host_event *e, const void *payloads, uint64_t count,
                               preload_string_cache *cache, preload_nvtx_string registered) {
    const nvtxPayloadData_t *data = payloads;
    for (uint64_t i = 0; data && i < count; i++) {
        payload_layout layout;
        bool known = data[i].payload && find_layout(data[i].schemaId, &layout);
        if (known && layout.message_at != ABSENT && !e->name) {
            e->name = read_message(&layout, &data[i], cache, registered);
        }
        bool kept = known && !e->payload_type && read_number(e, &layout, &data[i]);
        if (!kept && !(known && layout.message_at != ABSENT)) {
            atomic_fetch_add(&layouts.skipped, 1);
        }
    }
}

uint64_t preload_nvtx_payload_skipped(void) {
    return atomic_load(&layouts.skipped);
}
