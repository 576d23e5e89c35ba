/* Interning and classification of names. */
#include "analysis/names.h"

#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads `word`, at most one separator and a number from *text; moves *text behind them. */
static bool take(const char **text, const char *end, const char *word, uint32_t *number) {
    const char *p = *text;
    size_t len = strlen(word);
    if ((size_t)(end - p) <= len || memcmp(p, word, len) != 0) {
        return false;
    }
    p += len;
    if (strchr("._= :", *p) && *p != '\0') {
        p++;
    }
    const char *digits = p;
    uint32_t value = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - digits < 9) {
        value = value * 10 + (uint32_t)(*p++ - '0');
    }
    if (p == digits) {
        return false;
    }
    *number = value;
    *text = p;
    return true;
}

static bool take_all(const char *text, const char *end, const char *word, uint32_t *number) {
    return take(&text, end, word, number) && text == end;
}

static bool equal(const char *text, size_t len, const char *word) {
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

analysis_role analysis_role_of(const char *text, size_t len, uint32_t *number, uint32_t *expert) {
    static const struct {
        const char *word;
        analysis_role role;
    } plain[] = {{"vision", ANALYSIS_ROLE_VISION},
                 {"prefill", ANALYSIS_ROLE_PREFILL},
                 {"decode", ANALYSIS_ROLE_DECODE},
                 {"warmup", ANALYSIS_ROLE_WARMUP}},
      numbered[] = {{"top_k", ANALYSIS_ROLE_TOP_K},   {"warmup", ANALYSIS_ROLE_WARMUP},
                    {"sample", ANALYSIS_ROLE_SAMPLE}, {"decode", ANALYSIS_ROLE_STEP},
                    {"layer", ANALYSIS_ROLE_LAYER},   {"expert", ANALYSIS_ROLE_EXPERT}};
    const char *end = text + len;
    *number = *expert = ANALYSIS_NONE;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (equal(text, len, plain[i].word)) {
            return plain[i].role;
        }
    }
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++) {
        if (take_all(text, end, numbered[i].word, number)) {
            return numbered[i].role;
        }
    }
    const char *rest = text;
    if (take(&rest, end, "layer", number) && rest < end && strchr("._ :/", *rest) && *rest != '\0' &&
        take_all(rest + 1, end, "expert", expert)) {
        return ANALYSIS_ROLE_LAYER_EXPERT;
    }
    *number = *expert = ANALYSIS_NONE;
    return ANALYSIS_ROLE_NONE;
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
    analysis_role role = analysis_role_of(text, len, &number, &expert);
    names->list[index] = (analysis_name){.text = analysis_copy(text, len),
                                         .len = len,
                                         .role = role,
                                         .number = number,
                                         .expert = expert,
                                         .family = index};
    const char *family = family_of(role);
    if (family) {
        uint32_t at = analysis_names_intern(names, family, strlen(family)); /* may move the list */
        names->list[index].family = at;
    }
    return index;
}

void analysis_names_define(analysis_names *names, uint32_t id, const char *text, size_t len) {
    analysis_map_put(&names->by_id, id, analysis_names_intern(names, text, len));
}

uint32_t analysis_names_of_id(analysis_names *names, uint32_t id) {
    uint32_t index = analysis_map_get(&names->by_id, id);
    if (index == ANALYSIS_NONE) {
        char text[16] = "";
        if (id != 0) {
            snprintf(text, sizeof text, "#%u", id);
        }
        analysis_names_define(names, id, text, strlen(text));
        index = analysis_map_get(&names->by_id, id);
    }
    return index;
}

void analysis_names_free(analysis_names *names) {
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i].text);
    }
    free(names->list);
    analysis_map_free(&names->by_text);
    analysis_map_free(&names->by_id);
    memset(names, 0, sizeof *names);
}
