/* Interning and classification of names. */
#include "analysis/names/name_table.h"

#include "analysis/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_IDS (1u << 22) /* string ids that are looked up in an array */

#define MODULE "{'Module': '" /* what names of layerwise hooks begin with */

/* The pattern of a server's step, with a * for each count. */
static size_t step_family(const char *pattern, char *out, size_t size) {
    size_t n = 0;
    while (*pattern && n + 1 < size) {
        size_t place = strncmp(pattern, "{requests}", 10) == 0 ? 10 : 0;
        place = strncmp(pattern, "{tokens}", 8) == 0 ? 8 : place;
        out[n++] = *pattern;
        if (place) {
            out[n - 1] = '*';
        }
        pattern += place ? place : 1;
    }
    return n;
}

/* Names of which a run has ever more, as each holds a number or the shapes of a call, share a path of the tree: that
 * of this name. The number of bytes written to out, at most `size`; 0: the name stands for itself. */
static size_t write_family(const names_meaning *means, const char *text, size_t len, char *out, size_t size) {
    static const char *const of_role[] = {
        [NAMES_ROLE_WARMUP] = "warmup.*", [NAMES_ROLE_SAMPLE] = "sample.*", [NAMES_ROLE_STEP] = "decode.*"};
    const char *name = means->role < sizeof of_role / sizeof *of_role ? of_role[means->role] : NULL;
    if (means->pattern) {
        return step_family(means->pattern, out, size);
    }
    if (!name && len > strlen(MODULE) && memcmp(text, MODULE, strlen(MODULE)) == 0) {
        const char *path = text + strlen(MODULE), *end = memchr(path, '\'', len - strlen(MODULE));
        size_t n = end ? (size_t)(end - path) : 0;
        bool outputs = end && means->role == NAMES_ROLE_NONE && strncmp(end, "', 'Outputs'", 12) == 0;
        return n > 0 && n < size - 16
                   ? (size_t)snprintf(out, size, "%.*s%s", (int)n, path, outputs ? " (outputs)" : "")
                   : 0;
    }
    return name ? (size_t)snprintf(out, size, "%s", name) : 0;
}

/* The index of the text, or BASE_NONE; *hash is where it is to be put then. */
static uint32_t find_text(const names_table *names, const char *text, size_t len, uint64_t *hash) {
    uint32_t index;
    *hash = base_hash_bytes(text, len);
    while ((index = base_map_get(&names->by_text, *hash)) != BASE_NONE) {
        if (names->list[index].len == len && memcmp(names->list[index].text, text, len) == 0) {
            break;
        }
        ++*hash; /* two texts with one hash */
    }
    return index;
}

uint32_t names_find(const names_table *names, const char *text, size_t len) {
    uint64_t hash;
    return find_text(names, text, len, &hash);
}

uint32_t names_intern(names_table *names, const char *text, size_t len) {
    uint64_t h;
    uint32_t index = find_text(names, text, len, &h);
    if (index != BASE_NONE) {
        return index;
    }
    index = (uint32_t)names->count;
    names->list = base_grow(names->list, &names->cap, names->count + 1, sizeof *names->list);
    names->count++;
    base_map_put(&names->by_text, h, index);
    names->list[index] = (names_entry){.text = base_copy(text, len),
                                       .len = len,
                                       .means = names_rules_match(names->rules, text, len),
                                       .family = index};
    names->list[index].call = names_call_kind_of(names->list[index].text);
    names->list[index].enqueues = names_call_enqueues(names->list[index].text);
    char family[512];
    size_t family_len =
        write_family(&names->list[index].means, names->list[index].text, len, family, sizeof family);
    if (family_len > 0) {
        uint32_t at = names_intern(names, family, family_len); /* may move the list */
        names->list[index].family = at;
    }
    return index;
}

void names_define(names_table *names, uint32_t id, const char *text, size_t len) {
    uint32_t index = names_intern(names, text, len);
    if (id < DIRECT_IDS) {
        names->by_id = base_grow(names->by_id, &names->id_cap, (size_t)id + 1, sizeof *names->by_id);
        names->by_id[id] = index + 1;
    } else {
        base_map_put(&names->by_other_id, id, index);
    }
}

static uint32_t find_string_id(const names_table *names, uint32_t id) {
    if (id < names->id_cap) {
        return names->by_id[id] - 1; /* 0 becomes BASE_NONE */
    }
    return id < DIRECT_IDS ? BASE_NONE : base_map_get(&names->by_other_id, id);
}

uint32_t names_of_any_id(names_table *names, uint32_t id) {
    uint32_t index = find_string_id(names, id);
    if (index == BASE_NONE) {
        char text[16] = "";
        if (id != 0) {
            snprintf(text, sizeof text, "#%u", id);
        }
        names_define(names, id, text, strlen(text));
        index = find_string_id(names, id);
    }
    return index;
}

void names_free(names_table *names) {
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i].text);
    }
    free(names->list);
    base_map_free(&names->by_text);
    free(names->by_id);
    base_map_free(&names->by_other_id);
    memset(names, 0, sizeof *names);
}
