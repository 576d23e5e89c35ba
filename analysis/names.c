/* Interning and classification of names. */
#include "analysis/names.h"

#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_IDS (1u << 22) /* string ids that are looked up in an array */

bool analysis_call_gives_work(const char *text) {
    bool unknown = *text == '\0' || *text == '#';
    return unknown || strstr(text, "Launch") || strstr(text, "Memcpy") || strstr(text, "Memset");
}

analysis_call_kind analysis_call_kind_of(const char *text) {
    if (strstr(text, "Synchronize") || (strstr(text, "Memcpy") && !strstr(text, "Async"))) {
        return ANALYSIS_CALL_WAITS;
    }
    if (strstr(text, "Launch") || strstr(text, "Memcpy") || strstr(text, "Memset")) {
        return ANALYSIS_CALL_ISSUES;
    }
    bool asks = strstr(text, "Get") || strstr(text, "Query") || strstr(text, "IsCapturing");
    return asks ? ANALYSIS_CALL_ASKS : ANALYSIS_CALL_OTHER;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_text(const char *text, size_t len) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
    }
    return h;
}

/* Requests and decode steps are told apart by their samples, not by the tree, which would grow with each. */
static const char *family_of(analysis_role role) {
    switch (role) {
    case ANALYSIS_ROLE_WARMUP:
        return "warmup.*";
    case ANALYSIS_ROLE_SAMPLE:
        return "sample.*";
    case ANALYSIS_ROLE_STEP:
        return "decode.*";
    default:
        return NULL;
    }
}

uint32_t analysis_names_intern(analysis_names *names, const char *text, size_t len) {
    uint64_t h = hash_text(text, len);
    uint32_t index;
    while ((index = analysis_map_get(&names->by_text, h)) != ANALYSIS_NONE) {
        if (names->list[index].len == len && memcmp(names->list[index].text, text, len) == 0) {
            return index;
        }
        h++; /* two texts with one hash */
    }
    index = (uint32_t)names->count;
    names->list = analysis_grow(names->list, &names->cap, names->count + 1, sizeof *names->list);
    names->count++;
    analysis_map_put(&names->by_text, h, index);
    uint32_t number, expert;
    analysis_role role = analysis_rules_match(names->rules, text, len, &number, &expert);
    names->list[index] = (analysis_name){.text = analysis_copy(text, len),
                                         .len = len,
                                         .role = role,
                                         .number = number,
                                         .expert = expert,
                                         .family = index};
    names->list[index].call = analysis_call_kind_of(names->list[index].text);
    names->list[index].gives_work = analysis_call_gives_work(names->list[index].text);
    const char *family = family_of(role);
    if (family) {
        uint32_t at = analysis_names_intern(names, family, strlen(family)); /* may move the list */
        names->list[index].family = at;
    }
    return index;
}

void analysis_names_define(analysis_names *names, uint32_t id, const char *text, size_t len) {
    uint32_t index = analysis_names_intern(names, text, len);
    if (id < DIRECT_IDS) {
        names->by_id = analysis_grow(names->by_id, &names->id_cap, (size_t)id + 1, sizeof *names->by_id);
        names->by_id[id] = index + 1;
    } else {
        analysis_map_put(&names->by_great_id, id, index);
    }
}

static uint32_t find_id(const analysis_names *names, uint32_t id) {
    if (id < names->id_cap) {
        return names->by_id[id] - 1; /* 0 becomes ANALYSIS_NONE */
    }
    return id < DIRECT_IDS ? ANALYSIS_NONE : analysis_map_get(&names->by_great_id, id);
}

uint32_t analysis_names_of_any_id(analysis_names *names, uint32_t id) {
    uint32_t index = find_id(names, id);
    if (index == ANALYSIS_NONE) {
        char text[16] = "";
        if (id != 0) {
            snprintf(text, sizeof text, "#%u", id);
        }
        analysis_names_define(names, id, text, strlen(text));
        index = find_id(names, id);
    }
    return index;
}

void analysis_names_free(analysis_names *names) {
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i].text);
    }
    free(names->list);
    analysis_map_free(&names->by_text);
    free(names->by_id);
    analysis_map_free(&names->by_great_id);
    memset(names, 0, sizeof *names);
}
