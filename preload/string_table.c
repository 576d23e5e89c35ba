/* The table of interned names. Each thread has a small cache of the names that it used. Adding to the table takes a lock;
 * names and table never move, so that readers take none. */
#include "preload/string_table.h"

#include "preload/lock.h"
#include "preload/page_alloc.h"
#include "preload/string_ring.h"
#include "trace/trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define BLOCK_NAMES 1024u
#define BLOCKS      1024u /* limit: a million names */
#define SLOTS       (1u << 15)
#define ARENA_BYTES (256u << 10)

typedef struct name_entry {
    const char *bytes;
    uint32_t len, id;
    uint32_t defined_in; /* used by the writer: generation of the definition that was last written */
    uint64_t hash;
    struct name_entry *next; /* next in the same bucket */
} name_entry;

static struct {
    pthread_mutex_t lock;
    name_entry *blocks[BLOCKS];
    _Atomic(name_entry *) slots[SLOTS]; /* an entry is complete before it is linked */
    char *arena;
    size_t arena_left;
    atomic_uint count;
    size_t bytes; /* mapped at its full size */
    atomic_uint_fast64_t cut, lost;
} names = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t hash_string(const char *p, size_t len) {
    uint64_t h = len * 0x9e3779b97f4a7c15u;
    while (len >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        p += 8;
        len -= 8;
    }
    uint64_t tail = 0;
    memcpy(&tail, p, len);
    h = (h ^ tail) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 29;
}

static bool is_same_string(const name_entry *e, uint64_t hash, const char *bytes, size_t len) {
    return e->hash == hash && e->len == len && memcmp(e->bytes, bytes, len) == 0;
}

static char *allocate_string_bytes(size_t len) {
    if (len > ARENA_BYTES / 4) {
        names.bytes += len;
        return preload_page_alloc_map(len);
    }
    if (names.arena_left < len) {
        char *more = preload_page_alloc_map(ARENA_BYTES);
        if (!more) {
            return NULL;
        }
        names.arena = more;
        names.arena_left = ARENA_BYTES;
        names.bytes += ARENA_BYTES;
    }
    char *p = names.arena;
    names.arena += len;
    names.arena_left -= len;
    return p;
}

/* The lock is held. */
static name_entry *add_string(uint64_t hash, const char *bytes, size_t len) {
    uint32_t id = atomic_load(&names.count) + 1;
    uint32_t block = id / BLOCK_NAMES;
    if (block == BLOCKS) {
        return NULL;
    }
    if (!names.blocks[block]) {
        names.blocks[block] = preload_page_alloc_map(BLOCK_NAMES * sizeof(name_entry));
        names.bytes += BLOCK_NAMES * sizeof(name_entry);
    }
    char *copy = names.blocks[block] ? allocate_string_bytes(len + 1) : NULL;
    if (!copy) {
        return NULL;
    }
    memcpy(copy, bytes, len);
    copy[len] = 0;
    name_entry *e = &names.blocks[block][id % BLOCK_NAMES];
    _Atomic(name_entry *) *slot = &names.slots[hash & (SLOTS - 1)];
    *e = (name_entry){.bytes = copy, .len = (uint32_t)len, .id = id, .hash = hash, .next = atomic_load(slot)};
    /* In this order, since a fork may occur after any step. */
    atomic_store_explicit(&names.count, id, memory_order_release);
    atomic_store_explicit(slot, e, memory_order_release);
    return e;
}

static const name_entry *find_string(uint64_t hash, const char *bytes, size_t len) {
    const name_entry *e = atomic_load_explicit(&names.slots[hash & (SLOTS - 1)], memory_order_acquire);
    while (e && !is_same_string(e, hash, bytes, len)) {
        e = e->next;
    }
    return e;
}

/* Names of events may use a quarter of the memory and half of the ids, which leaves room for other names. */
static bool may_keep_event_name(void) {
    return names.bytes < preload_page_alloc_budget() / 4 &&
           atomic_load(&names.count) < BLOCKS * BLOCK_NAMES / 2;
}

static const name_entry *intern_string(uint64_t hash, const char *bytes, size_t len, bool of_event) {
    const name_entry *e = find_string(hash, bytes, len);
    if (!e) {
        preload_lock(&names.lock);
        e = find_string(hash, bytes, len);
        if (!e && (!of_event || may_keep_event_name())) {
            e = add_string(hash, bytes, len);
        }
        preload_unlock(&names.lock);
    }
    return e;
}

uint32_t preload_string_bytes(preload_string_cache *cache, const char *bytes, size_t len) {
    if (len > TRACE_STRING_MAX) {
        len = TRACE_STRING_MAX;
        atomic_fetch_add(&names.cut, 1);
    }
    uint64_t hash = hash_string(bytes, len);
    const name_entry *e = cache ? cache->entry[hash % PRELOAD_STRING_CACHE] : NULL;
    if (e && is_same_string(e, hash, bytes, len)) {
        return e->id;
    }
    e = intern_string(hash, bytes, len, cache != NULL);
    if (!e) {
        uint32_t id = cache ? preload_string_ring_intern(hash, bytes, len) : 0;
        atomic_fetch_add(&names.lost, id == 0);
        return id;
    }
    if (cache) {
        cache->entry[hash % PRELOAD_STRING_CACHE] = e;
    }
    return e->id;
}

uint32_t preload_string_id(preload_string_cache *cache, const char *name) {
    return name ? preload_string_bytes(cache, name, strlen(name)) : 0;
}

uint32_t preload_string_once(atomic_uint *id, const char *name) {
    uint32_t known = atomic_load_explicit(id, memory_order_relaxed);
    if (!known) {
        known = preload_string_id(NULL, name);
        atomic_store_explicit(id, known, memory_order_relaxed);
    }
    return known;
}

static size_t encode_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | (c >> 18 & 7));
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

uint32_t preload_string_wide(preload_string_cache *cache, const wchar_t *name) {
    char utf8[4096];
    size_t len = 0;
    if (!name) {
        return 0;
    }
    while (*name && len < sizeof utf8 - 4) {
        len += encode_utf8(utf8 + len, (uint32_t)*name++);
    }
    if (*name) {
        atomic_fetch_add(&names.cut, 1);
    }
    return preload_string_bytes(cache, utf8, len);
}

static name_entry *entry_of_id(uint32_t id) {
    return id != 0 && id <= preload_string_count() ? &names.blocks[id / BLOCK_NAMES][id % BLOCK_NAMES] : NULL;
}

const char *preload_string_keep(const char *name) {
    const name_entry *e = entry_of_id(preload_string_id(NULL, name));
    return e ? e->bytes : NULL;
}

bool preload_string_copy(uint32_t id, char *to, size_t size) {
    const name_entry *e = entry_of_id(id);
    size_t len = e ? e->len : 0;
    bool fits = e ? len < size : size > 0 && preload_string_ring_copy(id, to, size - 1, &len);
    if (fits && e) {
        memcpy(to, e->bytes, len);
    }
    if (fits) {
        to[len] = 0;
    }
    return fits;
}

bool preload_string_define(uint32_t id, uint32_t generation, const char **bytes, size_t *len) {
    static char copy[TRACE_STRING_MAX];
    name_entry *e = entry_of_id(id);
    if (!e) {
        *bytes = copy;
        return id >= PRELOAD_STRING_RING_FIRST &&
               preload_string_ring_define(id, generation, copy, sizeof copy, len);
    }
    bool first = e->defined_in != generation;
    e->defined_in = generation;
    *bytes = e->bytes;
    *len = e->len;
    return first;
}

uint32_t preload_string_count(void) {
    return atomic_load_explicit(&names.count, memory_order_acquire);
}

void preload_string_lost(void) {
    atomic_fetch_add(&names.lost, 1);
}

uint64_t preload_string_table_cut(void) {
    return atomic_load(&names.cut);
}

uint64_t preload_string_table_lost(void) {
    return atomic_load(&names.lost);
}

void preload_string_table_after_fork(void) {
    pthread_mutex_init(&names.lock, NULL);
    preload_string_ring_after_fork();
    names.arena_left = 0; /* the thread that was taking names is gone */
}
