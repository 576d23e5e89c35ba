/* The hash map. A removed key keeps its slot, with the value BASE_NONE, until the next time the map
 * grows. */
#include "analysis/base/u64_map.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

/* Keys come from files: without the seed a file could be made whose keys all fall on one slot. */
static uint64_t hash_seed;

__attribute__((constructor)) static void seed_hashes(void) {
    if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) != (ssize_t)sizeof hash_seed) {
        hash_seed = (uint64_t)(uintptr_t)&hash_seed ^ (uint64_t)clock();
    }
}

/* The finaliser of splitmix64: every bit of the key reaches the low bits. */
static size_t hash(uint64_t key) {
    key ^= hash_seed;
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return (size_t)(key ^ (key >> 31));
}

static base_map_slot *find_slot(const base_map *map, uint64_t key) {
    size_t i = hash(key) & (map->cap - 1);
    while (map->slots[i].used && map->slots[i].key != key) {
        i = (i + 1) & (map->cap - 1);
    }
    return &map->slots[i];
}

static void rebuild(base_map *map) {
    base_map old = *map;
    size_t live = 0;
    for (size_t i = 0; i < old.cap; i++) {
        live += old.slots[i].used && old.slots[i].value != BASE_NONE;
    }
    size_t cap = 16;
    while (cap < live * 4) {
        cap *= 2;
    }
    *map = (base_map){.slots = base_alloc(cap, sizeof *map->slots), .cap = cap, .used = live};
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].used && old.slots[i].value != BASE_NONE) {
            *find_slot(map, old.slots[i].key) = old.slots[i];
        }
    }
    free(old.slots);
}

uint32_t base_map_get(const base_map *map, uint64_t key) {
    if (map->cap == 0) {
        return BASE_NONE;
    }
    const base_map_slot *slot = find_slot(map, key);
    return slot->used ? slot->value : BASE_NONE;
}

void base_map_put(base_map *map, uint64_t key, uint32_t value) {
    if ((map->used + 1) * 4 > map->cap * 3) {
        rebuild(map);
    }
    base_map_slot *slot = find_slot(map, key);
    if (!slot->used) {
        if (value == BASE_NONE) {
            return;
        }
        slot->used = 1;
        slot->key = key;
        map->used++;
    }
    slot->value = value;
}

/* Both halves of a product of 64 bits each. */
static uint64_t fold_product(uint64_t x, uint64_t y) {
    unsigned __int128 product = (unsigned __int128)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t base_hash_bytes(const void *bytes, size_t len) {
    const uint8_t *p = bytes;
    uint64_t h = hash_seed ^ len, word;
    for (; len >= sizeof word; len -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        h = fold_product(h ^ word ^ 0x9e3779b97f4a7c15u, hash_seed | 1) ^ (h << 1);
    }
    word = 0;
    memcpy(&word, p, len);
    return fold_product(h ^ word ^ 0xbf58476d1ce4e5b9u, hash_seed | 1) ^ h;
}

void base_map_free(base_map *map) {
    free(map->slots);
    memset(map, 0, sizeof *map);
}
