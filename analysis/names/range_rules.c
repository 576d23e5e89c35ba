/* Rules that say what names of ranges mean: the built-in ones, matching, and rules from a file. */
#include "analysis/names/range_rules.h"

#include "analysis/base/alloc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (1 << 20) /* bytes of a file of rules */
#define STARS_MAX 2         /* in one pattern, so that matching takes no time to speak of */

static const struct {
    const char *pattern;
    names_role role;
} built_in[] = {
    {"vision", NAMES_ROLE_VISION},
    {"prefill", NAMES_ROLE_PREFILL},
    {"decode", NAMES_ROLE_DECODE},
    {"warmup", NAMES_ROLE_WARMUP},
    {"top_k{sep}{k}", NAMES_ROLE_TOP_K},
    {"warmup{sep}{n}", NAMES_ROLE_WARMUP},
    {"sample{sep}{n}", NAMES_ROLE_SAMPLE},
    {"decode{sep}{n}", NAMES_ROLE_STEP},
    {"layer{sep}{layer}", NAMES_ROLE_LAYER},
    {"layers{sep}{layer}", NAMES_ROLE_LAYER},
    {"block{sep}{layer}", NAMES_ROLE_LAYER},
    {"blocks{sep}{layer}", NAMES_ROLE_LAYER},
    {"expert{sep}{expert}", NAMES_ROLE_EXPERT},
    {"experts{sep}{expert}", NAMES_ROLE_EXPERT},
    {"layer{sep}{layer}{sep}expert{sep}{expert}", NAMES_ROLE_EXPERT},
    {"attention", NAMES_ROLE_ATTENTION},
    {"attn", NAMES_ROLE_ATTENTION},
    {"self_attn", NAMES_ROLE_ATTENTION},
    {"self_attention", NAMES_ROLE_ATTENTION},
    {"router", NAMES_ROLE_ROUTER},
    {"routing", NAMES_ROLE_ROUTER},
    {"gate", NAMES_ROLE_ROUTER},
    {"norm", NAMES_ROLE_NORM},
    {"*_norm", NAMES_ROLE_NORM},
    {"*layernorm", NAMES_ROLE_NORM},
    {"*rmsnorm", NAMES_ROLE_NORM},
    {"embed", NAMES_ROLE_EMBEDDING},
    {"embedding", NAMES_ROLE_EMBEDDING},
    {"embed_tokens", NAMES_ROLE_EMBEDDING},
    {"head", NAMES_ROLE_HEAD},
    {"lm_head", NAMES_ROLE_HEAD},
};

static const struct {
    const char *name;
    names_role role;
    const char *needs; /* what a pattern with this role must hold, or NULL */
} role_names[] = {
    {"top_k", NAMES_ROLE_TOP_K, "{k}"},        {"warmup", NAMES_ROLE_WARMUP, NULL},
    {"sample", NAMES_ROLE_SAMPLE, NULL},       {"vision", NAMES_ROLE_VISION, NULL},
    {"prefill", NAMES_ROLE_PREFILL, NULL},     {"decode", NAMES_ROLE_DECODE, NULL},
    {"step", NAMES_ROLE_STEP, NULL},           {"layer", NAMES_ROLE_LAYER, "{layer}"},
    {"expert", NAMES_ROLE_EXPERT, "{expert}"}, {"attention", NAMES_ROLE_ATTENTION, NULL},
    {"router", NAMES_ROLE_ROUTER, NULL},       {"norm", NAMES_ROLE_NORM, NULL},
    {"embedding", NAMES_ROLE_EMBEDDING, NULL}, {"head", NAMES_ROLE_HEAD, NULL},
    {"other", NAMES_ROLE_OTHER, NULL},         {"none", NAMES_ROLE_NONE, NULL},
};

/* ---- Matching ---- */

enum { NUMBER, LAYER, EXPERT, PLACES };

static const struct {
    const char *text;
    int place;
} numbers[] = {{"{k}", NUMBER}, {"{n}", NUMBER}, {"{layer}", LAYER}, {"{expert}", EXPERT}};

static bool begins_with(const char *text, const char *with) {
    return *text == *with && strncmp(text, with, strlen(with)) == 0;
}

/* Reads a whole number of at most nine digits. */
static const char *match_number(const char *text, const char *end, uint32_t *value) {
    const char *p = text;
    uint32_t n = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (p - text == 9) {
            return NULL;
        }
        n = n * 10 + (uint32_t)(*p - '0');
    }
    *value = n;
    return p == text ? NULL : p;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a pattern is long */
static bool match_pattern(const char *pattern, const char *text, const char *end, uint32_t found[PLACES]) {
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (; text <= end; text++) {
                if (match_pattern(pattern + 1, text, end, found)) {
                    return true;
                }
            }
            return false;
        }
        if (begins_with(pattern, "{sep}")) {
            pattern += strlen("{sep}");
            bool one = text < end && *text != '\0' && strchr("._= :/", *text);
            return (one && match_pattern(pattern, text + 1, end, found)) ||
                   match_pattern(pattern, text, end, found);
        }
        for (size_t i = 0; *pattern == '{' && i < sizeof numbers / sizeof *numbers; i++) {
            if (begins_with(pattern, numbers[i].text)) {
                const char *behind = match_number(text, end, &found[numbers[i].place]);
                return behind && match_pattern(pattern + strlen(numbers[i].text), behind, end, found);
            }
        }
        if (text >= end || *text != *pattern) {
            return false;
        }
    }
    return text == end;
}

static bool try_rule(const char *pattern, names_role *role, const char *text, size_t len, uint32_t *number,
                     uint32_t *expert) {
    uint32_t found[PLACES] = {BASE_NONE, BASE_NONE, BASE_NONE};
    if (!match_pattern(pattern, text, text + len, found)) {
        return false;
    }
    *number = found[NUMBER];
    if (*role == NAMES_ROLE_LAYER) {
        *number = found[LAYER];
    } else if (*role == NAMES_ROLE_EXPERT && found[LAYER] == BASE_NONE) {
        *number = found[EXPERT];
    } else if (*role == NAMES_ROLE_EXPERT) {
        *role = NAMES_ROLE_LAYER_EXPERT;
        *number = found[LAYER];
        *expert = found[EXPERT];
    }
    return true;
}

names_role names_rules_match(const names_rules *rules, const char *text, size_t len, uint32_t *number,
                             uint32_t *expert) {
    *number = *expert = BASE_NONE;
    if (len > NAMES_RULE_NAME_MAX) {
        return NAMES_ROLE_NONE;
    }
    for (size_t i = 0; rules && i < rules->count; i++) {
        names_role role = rules->list[i].role;
        if (try_rule(rules->list[i].pattern, &role, text, len, number, expert)) {
            return role;
        }
    }
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in && !(rules && rules->alone); i++) {
        names_role role = built_in[i].role;
        if (try_rule(built_in[i].pattern, &role, text, len, number, expert)) {
            return role;
        }
    }
    *number = *expert = BASE_NONE;
    return NAMES_ROLE_NONE;
}

names_part names_part_of(names_role role, names_part around) {
    if (around == NAMES_PART_EXPERT || around == NAMES_PART_VISION) {
        return around;
    }
    switch (role) {
    case NAMES_ROLE_EXPERT:
    case NAMES_ROLE_LAYER_EXPERT:
        return NAMES_PART_EXPERT;
    case NAMES_ROLE_ATTENTION:
        return NAMES_PART_ATTENTION;
    case NAMES_ROLE_ROUTER:
        return NAMES_PART_ROUTER;
    case NAMES_ROLE_NORM:
        return NAMES_PART_NORM;
    case NAMES_ROLE_EMBEDDING:
        return NAMES_PART_EMBEDDING;
    case NAMES_ROLE_HEAD:
        return NAMES_PART_HEAD;
    case NAMES_ROLE_VISION:
        return NAMES_PART_VISION;
    case NAMES_ROLE_OTHER:
        return NAMES_PART_OTHER;
    default:
        return around;
    }
}

const char *names_part_name(names_part part) {
    static const char *const names[NAMES_PARTS] = {"expert",    "attention", "router", "norm",
                                                   "embedding", "head",      "vision", "other"};
    return names[part];
}

/* ---- Rules from a file ---- */

/* Why a pattern cannot be used with a role; NULL when it can. */
static const char *pattern_fault(const char *pattern, const char *needs) {
    int stars = 0;
    for (const char *p = pattern; *p; p++) {
        stars += *p == '*';
        if (*p != '{') {
            continue;
        }
        bool known = begins_with(p, "{sep}");
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            known = known || begins_with(p, numbers[i].text);
        }
        if (!known) {
            return "holds a {...} other than {layer}, {expert}, {k}, {n} and {sep}";
        }
    }
    if (*pattern == '\0' || strlen(pattern) > NAMES_RULE_NAME_MAX) {
        return "is empty or longer than 255 bytes";
    }
    if (stars > STARS_MAX) {
        return "has more than two *";
    }
    return needs && !strstr(pattern, needs) ? "lacks the number that its \"is\" needs" : NULL;
}

static int refuse_rule(char error[TRACE_ERROR_BYTES], const char *path, int number, const char *why) {
    snprintf(error, TRACE_ERROR_BYTES, "%s: rule %d %s (docs/attribution.md has the grammar)", path, number,
             why);
    return -1;
}

static int add_rule(names_rules *rules, const cJSON *item, const char *path, char error[TRACE_ERROR_BYTES]) {
    const char *pattern = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "is"));
    int number = (int)rules->count + 1;
    if (!pattern || !is) {
        return refuse_rule(error, path, number, "needs the texts \"name\" and \"is\"");
    }
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        if (strcmp(is, role_names[i].name) == 0) {
            const char *why = pattern_fault(pattern, role_names[i].needs);
            if (why) {
                return refuse_rule(error, path, number, why);
            }
            rules->list = base_grow(rules->list, &rules->cap, rules->count + 1, sizeof *rules->list);
            rules->list[rules->count++] =
                (names_rule){base_copy(pattern, strlen(pattern)), role_names[i].role};
            return 0;
        }
    }
    return refuse_rule(error, path, number, "has an \"is\" that is not a role");
}

static int add_rules(names_rules *rules, const cJSON *json, const char *path, char error[TRACE_ERROR_BYTES]) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "rules"), *item;
    if (!cJSON_IsArray(list)) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: not a JSON object with a list \"rules\" (docs/attribution.md)", path);
        return -1;
    }
    rules->alone = cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "built_in"));
    cJSON_ArrayForEach(item, list) {
        if (add_rule(rules, item, path, error) != 0) {
            return -1;
        }
    }
    return 0;
}

int names_rules_load(names_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]) {
    memset(rules, 0, sizeof *rules);
    FILE *f = fopen(path, "r");
    char *text = base_alloc(FILE_MAX + 1, 1);
    size_t len = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    int rc = -1;
    if (!f || ferror(f)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: the rules cannot be read: %s", path, strerror(errno));
    } else if (len > FILE_MAX) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: longer than 1 MiB: not a file of rules", path);
    } else {
        cJSON *json = cJSON_ParseWithLength(text, len);
        rc = add_rules(rules, json, path, error);
        cJSON_Delete(json);
    }
    if (f) {
        fclose(f);
    }
    free(text);
    if (rc != 0) {
        names_rules_free(rules);
    }
    return rc;
}

void names_rules_free(names_rules *rules) {
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->list[i].pattern);
    }
    free(rules->list);
    memset(rules, 0, sizeof *rules);
}
