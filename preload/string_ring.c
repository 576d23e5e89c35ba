/* Short-lived names: see string_ring.h. */
#include "preload/string_ring.h"

#include "preload/lock.h"
#include "preload/page_alloc.h"

#include <stdatomic.h>
#include <string.h>

#define BUCKETS    16384u
#define BYTES_EACH 128u /* size of an entry and its name, as allotted */

typedef struct {
    uint64_t hash;
    uint64_t at; /* offset of its bytes, counted from the first byte ever stored */
    uint32_t len, id;
    uint32_t next;       /* index + 1 of the next entry in the bucket; 0: none */
    uint32_t defined_in; /* generation of the definition that was last written; 0: none */
} ring_entry;

/* Protected by the lock. Entries from `oldest` to `next` are in use, counted from the first entry ever made. */
static struct {
    pthread_mutex_t lock;
    ring_entry *entries;
    char *bytes;
    uint32_t capacity;
    uint64_t byte_capacity;
    uint32_t oldest, next;
    uint64_t byte_next;
    uint32_t bucket[BUCKETS]; /* index + 1 */
    uint32_t undefined;       /* entries that the writer has not processed */
    void (*wake_writer)(void);
    atomic_bool used;
} ring = {.lock = PTHREAD_MUTEX_INITIALIZER};

void preload_string_ring_init(void (*wake_writer)(void)) {
    ring.wake_writer = wake_writer;
}

static bool allocate_ring(void) {
    if (!ring.bytes) {
        uint32_t capacity = 64;
        while (capacity * (uint64_t)BYTES_EACH * 16 < preload_page_alloc_budget()) {
            capacity *= 2;
        }
        ring.capacity = capacity;
        ring.byte_capacity = capacity * (uint64_t)BYTES_EACH;
        ring.entries = preload_page_alloc_map(capacity * sizeof *ring.entries);
        ring.bytes = ring.entries ? preload_page_alloc_map(ring.byte_capacity) : NULL;
    }
    return ring.bytes != NULL;
}

static ring_entry *entry_at(uint32_t position) {
    return &ring.entries[position & (ring.capacity - 1)];
}

static ring_entry *find_ring_entry(uint32_t id) {
    uint32_t position = id - PRELOAD_STRING_RING_FIRST;
    bool kept = id >= PRELOAD_STRING_RING_FIRST && position - ring.oldest < ring.next - ring.oldest;
    return kept ? entry_at(position) : NULL;
}

static uint32_t find_ring_string(uint64_t hash, const char *bytes, size_t len) {
    for (uint32_t link = ring.bucket[hash % BUCKETS]; link; link = entry_at(link - 1)->next) {
        const ring_entry *e = entry_at(link - 1);
        if (e->hash == hash && e->len == len &&
            memcmp(ring.bytes + e->at % ring.byte_capacity, bytes, len) == 0) {
            return e->id;
        }
    }
    return 0;
}

/* The oldest entry is the last one of its bucket's list. */
static void forget_oldest(void) {
    const ring_entry *e = entry_at(ring.oldest);
    uint32_t *link = &ring.bucket[e->hash % BUCKETS];
    while (*link != ring.oldest + 1) {
        link = &entry_at(*link - 1)->next;
    }
    *link = 0;
    ring.oldest++;
}

/* A name is contiguous: the end of the buffer may stay unused. */
static uint64_t place_for(size_t len) {
    uint64_t room = ring.byte_capacity - ring.byte_next % ring.byte_capacity;
    return room < len ? ring.byte_next + room : ring.byte_next;
}

static bool make_ring_room(size_t len) {
    for (;;) {
        bool full = ring.next - ring.oldest == ring.capacity ||
                    (ring.next != ring.oldest &&
                     place_for(len) + len - entry_at(ring.oldest)->at > ring.byte_capacity);
        if (!full) {
            return true;
        }
        if (entry_at(ring.oldest)->defined_in == 0) {
            return false;
        }
        forget_oldest();
    }
}

static uint32_t add_ring_string(uint64_t hash, const char *bytes, size_t len) {
    if (len > ring.byte_capacity / 8 || ring.next >= UINT32_MAX - PRELOAD_STRING_RING_FIRST ||
        !make_ring_room(len)) {
        return 0;
    }
    uint64_t at = place_for(len);
    ring_entry *e = entry_at(ring.next);
    *e = (ring_entry){.hash = hash,
                      .at = at,
                      .len = (uint32_t)len,
                      .id = PRELOAD_STRING_RING_FIRST + ring.next,
                      .next = ring.bucket[hash % BUCKETS]};
    memcpy(ring.bytes + at % ring.byte_capacity, bytes, len);
    ring.byte_next = at + len;
    ring.bucket[hash % BUCKETS] = ++ring.next;
    ring.undefined++;
    return e->id;
}

uint32_t preload_string_ring_intern(uint64_t hash, const char *bytes, size_t len) {
    bool wake = false;
    uint32_t id = 0;
    preload_lock(&ring.lock);
    if (allocate_ring()) {
        atomic_store(&ring.used, true);
        id = find_ring_string(hash, bytes, len);
        if (!id) {
            id = add_ring_string(hash, bytes, len);
            wake = ring.undefined % (ring.capacity / 8) == 0;
        }
    }
    preload_unlock(&ring.lock);
    if (wake && ring.wake_writer) {
        ring.wake_writer();
    }
    return id;
}

static bool copy_entry(const ring_entry *e, char *to, size_t size, size_t *len) {
    if (!e || e->len > size) {
        return false;
    }
    memcpy(to, ring.bytes + e->at % ring.byte_capacity, e->len);
    *len = e->len;
    return true;
}

bool preload_string_ring_copy(uint32_t id, char *to, size_t size, size_t *len) {
    preload_lock(&ring.lock);
    bool copied = copy_entry(find_ring_entry(id), to, size, len);
    preload_unlock(&ring.lock);
    return copied;
}

bool preload_string_ring_define(uint32_t id, uint32_t generation, char *to, size_t size, size_t *len) {
    preload_lock(&ring.lock);
    ring_entry *e = find_ring_entry(id);
    bool copied = e && e->defined_in != generation && copy_entry(e, to, size, len);
    if (copied) {
        ring.undefined -= e->defined_in == 0;
        e->defined_in = generation;
    }
    preload_unlock(&ring.lock);
    return copied;
}

bool preload_string_ring_used(void) {
    return atomic_load(&ring.used);
}

void preload_string_ring_after_fork(void) {
    pthread_mutex_init(&ring.lock, NULL);
    memset(ring.bucket, 0, sizeof ring.bucket);
    ring.oldest = ring.next; /* ids stay unique */
    ring.undefined = 0;
    atomic_store(&ring.used, false);
}
