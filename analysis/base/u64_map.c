/* The hash map. A removed key keeps its slot, with the value BASE_NONE, until the next time the map
 * grows. */
#include "analysis/base/u64_map.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* The finaliser of splitmix64: every bit of the key reaches the low bits. */
static size_t hash(uint64_t key) {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return (size_t)(key ^ (key >> 31));
}

static base_map_slot *find(const base_map *map, uint64_t key) {
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
            *find(map, old.slots[i].key) = old.slots[i];
        }
    }
    free(old.slots);
}

uint32_t base_map_get(const base_map *map, uint64_t key) {
    if (map->cap == 0) {
        return BASE_NONE;
    }
    const base_map_slot *slot = find(map, key);
    return slot->used ? slot->value : BASE_NONE;
}

void base_map_put(base_map *map, uint64_t key, uint32_t value) {
    if ((map->used + 1) * 4 > map->cap * 3) {
        rebuild(map);
    }
    base_map_slot *slot = find(map, key);
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

void base_map_free(base_map *map) {
    free(map->slots);
    memset(map, 0, sizeof *map);
}
