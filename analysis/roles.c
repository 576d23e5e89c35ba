/* Rules that say what names of ranges mean: the built-in ones, matching, and rules from a file. */
#include "analysis/roles.h"

#include "analysis/memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (1 << 20) /* bytes of a file of rules */
#define STARS_MAX 2         /* in one pattern, so that matching takes no time to speak of */

static const struct {
    const char *pattern;
    analysis_role role;
} built_in[] = {
    {"vision", ANALYSIS_ROLE_VISION},
    {"prefill", ANALYSIS_ROLE_PREFILL},
    {"decode", ANALYSIS_ROLE_DECODE},
    {"warmup", ANALYSIS_ROLE_WARMUP},
    {"top_k{sep}{k}", ANALYSIS_ROLE_TOP_K},
    {"warmup{sep}{n}", ANALYSIS_ROLE_WARMUP},
    {"sample{sep}{n}", ANALYSIS_ROLE_SAMPLE},
    {"decode{sep}{n}", ANALYSIS_ROLE_STEP},
    {"layer{sep}{layer}", ANALYSIS_ROLE_LAYER},
    {"layers{sep}{layer}", ANALYSIS_ROLE_LAYER},
    {"block{sep}{layer}", ANALYSIS_ROLE_LAYER},
    {"blocks{sep}{layer}", ANALYSIS_ROLE_LAYER},
    {"expert{sep}{expert}", ANALYSIS_ROLE_EXPERT},
    {"experts{sep}{expert}", ANALYSIS_ROLE_EXPERT},
    {"layer{sep}{layer}{sep}expert{sep}{expert}", ANALYSIS_ROLE_EXPERT},
    {"attention", ANALYSIS_ROLE_ATTENTION},
    {"attn", ANALYSIS_ROLE_ATTENTION},
    {"self_attn", ANALYSIS_ROLE_ATTENTION},
    {"self_attention", ANALYSIS_ROLE_ATTENTION},
    {"router", ANALYSIS_ROLE_ROUTER},
    {"routing", ANALYSIS_ROLE_ROUTER},
    {"gate", ANALYSIS_ROLE_ROUTER},
    {"norm", ANALYSIS_ROLE_NORM},
    {"*_norm", ANALYSIS_ROLE_NORM},
    {"*layernorm", ANALYSIS_ROLE_NORM},
    {"*rmsnorm", ANALYSIS_ROLE_NORM},
    {"embed", ANALYSIS_ROLE_EMBEDDING},
    {"embedding", ANALYSIS_ROLE_EMBEDDING},
    {"embed_tokens", ANALYSIS_ROLE_EMBEDDING},
    {"head", ANALYSIS_ROLE_HEAD},
    {"lm_head", ANALYSIS_ROLE_HEAD},
};

static const struct {
    const char *name;
    analysis_role role;
    const char *needs; /* what a pattern with this role must hold, or NULL */
} role_names[] = {
    {"top_k", ANALYSIS_ROLE_TOP_K, "{k}"},        {"warmup", ANALYSIS_ROLE_WARMUP, NULL},
    {"sample", ANALYSIS_ROLE_SAMPLE, NULL},       {"vision", ANALYSIS_ROLE_VISION, NULL},
    {"prefill", ANALYSIS_ROLE_PREFILL, NULL},     {"decode", ANALYSIS_ROLE_DECODE, NULL},
    {"step", ANALYSIS_ROLE_STEP, NULL},           {"layer", ANALYSIS_ROLE_LAYER, "{layer}"},
    {"expert", ANALYSIS_ROLE_EXPERT, "{expert}"}, {"attention", ANALYSIS_ROLE_ATTENTION, NULL},
    {"router", ANALYSIS_ROLE_ROUTER, NULL},       {"norm", ANALYSIS_ROLE_NORM, NULL},
    {"embedding", ANALYSIS_ROLE_EMBEDDING, NULL}, {"head", ANALYSIS_ROLE_HEAD, NULL},
    {"other", ANALYSIS_ROLE_OTHER, NULL},         {"none", ANALYSIS_ROLE_NONE, NULL},
};

/* ---- Matching ---- */

enum { NUMBER, LAYER, EXPERT, PLACES };

static const struct {
    const char *text;
    int place;
} numbers[] = {{"{k}", NUMBER}, {"{n}", NUMBER}, {"{layer}", LAYER}, {"{expert}", EXPERT}};

static bool begins(const char *text, const char *with) {
    return *text == *with && strncmp(text, with, strlen(with)) == 0;
}

/* Reads a whole number of at most nine digits. */
static const char *take_number(const char *text, const char *end, uint32_t *value) {
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
static bool match(const char *pattern, const char *text, const char *end, uint32_t found[PLACES]) {
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (; text <= end; text++) {
                if (match(pattern + 1, text, end, found)) {
                    return true;
                }
            }
            return false;
        }
        if (begins(pattern, "{sep}")) {
            pattern += strlen("{sep}");
            bool one = text < end && *text != '\0' && strchr("._= :/", *text);
            return (one && match(pattern, text + 1, end, found)) || match(pattern, text, end, found);
        }
        for (size_t i = 0; *pattern == '{' && i < sizeof numbers / sizeof *numbers; i++) {
            if (begins(pattern, numbers[i].text)) {
                const char *behind = take_number(text, end, &found[numbers[i].place]);
                return behind && match(pattern + strlen(numbers[i].text), behind, end, found);
            }
        }
        if (text >= end || *text != *pattern) {
            return false;
        }
    }
    return text == end;
}

static bool try_rule(const char *pattern, analysis_role *role, const char *text, size_t len, uint32_t *number,
                     uint32_t *expert) {
    uint32_t found[PLACES] = {ANALYSIS_NONE, ANALYSIS_NONE, ANALYSIS_NONE};
    if (!match(pattern, text, text + len, found)) {
        return false;
    }
    *number = found[NUMBER];
    if (*role == ANALYSIS_ROLE_LAYER) {
        *number = found[LAYER];
    } else if (*role == ANALYSIS_ROLE_EXPERT && found[LAYER] == ANALYSIS_NONE) {
        *number = found[EXPERT];
    } else if (*role == ANALYSIS_ROLE_EXPERT) {
        *role = ANALYSIS_ROLE_LAYER_EXPERT;
        *number = found[LAYER];
        *expert = found[EXPERT];
    }
    return true;
}

analysis_role analysis_rules_match(const analysis_rules *rules, const char *text, size_t len,
                                   uint32_t *number, uint32_t *expert) {
    *number = *expert = ANALYSIS_NONE;
    if (len > ANALYSIS_RULE_NAME_MAX) {
        return ANALYSIS_ROLE_NONE;
    }
    for (size_t i = 0; rules && i < rules->count; i++) {
        analysis_role role = rules->list[i].role;
        if (try_rule(rules->list[i].pattern, &role, text, len, number, expert)) {
            return role;
        }
    }
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in && !(rules && rules->alone); i++) {
        analysis_role role = built_in[i].role;
        if (try_rule(built_in[i].pattern, &role, text, len, number, expert)) {
            return role;
        }
    }
    *number = *expert = ANALYSIS_NONE;
    return ANALYSIS_ROLE_NONE;
}

analysis_part analysis_part_of(analysis_role role, analysis_part around) {
    if (around == ANALYSIS_PART_EXPERT || around == ANALYSIS_PART_VISION) {
        return around;
    }
    switch (role) {
    case ANALYSIS_ROLE_EXPERT:
    case ANALYSIS_ROLE_LAYER_EXPERT:
        return ANALYSIS_PART_EXPERT;
    case ANALYSIS_ROLE_ATTENTION:
        return ANALYSIS_PART_ATTENTION;
    case ANALYSIS_ROLE_ROUTER:
        return ANALYSIS_PART_ROUTER;
    case ANALYSIS_ROLE_NORM:
        return ANALYSIS_PART_NORM;
    case ANALYSIS_ROLE_EMBEDDING:
        return ANALYSIS_PART_EMBEDDING;
    case ANALYSIS_ROLE_HEAD:
        return ANALYSIS_PART_HEAD;
    case ANALYSIS_ROLE_VISION:
        return ANALYSIS_PART_VISION;
    case ANALYSIS_ROLE_OTHER:
        return ANALYSIS_PART_OTHER;
    default:
        return around;
    }
}

const char *analysis_part_name(analysis_part part) {
    static const char *const names[ANALYSIS_PARTS] = {"expert",    "attention", "router", "norm",
                                                      "embedding", "head",      "vision", "other"};
    return names[part];
}

/* ---- Rules from a file ---- */

/* Why a pattern cannot be used with a role; NULL when it can. */
static const char *fault(const char *pattern, const char *needs) {
    int stars = 0;
    for (const char *p = pattern; *p; p++) {
        stars += *p == '*';
        if (*p != '{') {
            continue;
        }
        bool known = begins(p, "{sep}");
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            known = known || begins(p, numbers[i].text);
        }
        if (!known) {
            return "holds a {...} other than {layer}, {expert}, {k}, {n} and {sep}";
        }
    }
    if (*pattern == '\0' || strlen(pattern) > ANALYSIS_RULE_NAME_MAX) {
        return "is empty or longer than 255 bytes";
    }
    if (stars > STARS_MAX) {
        return "has more than two *";
    }
    return needs && !strstr(pattern, needs) ? "lacks the number that its \"is\" needs" : NULL;
}

static int refuse(char error[TRACE_ERROR_BYTES], const char *path, int number, const char *why) {
    snprintf(error, TRACE_ERROR_BYTES, "%s: rule %d %s (docs/attribution.md has the grammar)", path, number,
             why);
    return -1;
}

static int add_rule(analysis_rules *rules, const cJSON *item, const char *path,
                    char error[TRACE_ERROR_BYTES]) {
    const char *pattern = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "is"));
    int number = (int)rules->count + 1;
    if (!pattern || !is) {
        return refuse(error, path, number, "needs the texts \"name\" and \"is\"");
    }
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        if (strcmp(is, role_names[i].name) == 0) {
            const char *why = fault(pattern, role_names[i].needs);
            if (why) {
                return refuse(error, path, number, why);
            }
            rules->list = analysis_grow(rules->list, &rules->cap, rules->count + 1, sizeof *rules->list);
            rules->list[rules->count++] =
                (analysis_rule){analysis_copy(pattern, strlen(pattern)), role_names[i].role};
            return 0;
        }
    }
    return refuse(error, path, number, "has an \"is\" that is no role");
}

static int add_rules(analysis_rules *rules, const cJSON *json, const char *path,
                     char error[TRACE_ERROR_BYTES]) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "rules"), *item;
    if (!cJSON_IsArray(list)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no JSON object with a list \"rules\" (docs/attribution.md)",
                 path);
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

int analysis_rules_load(analysis_rules *rules, const char *path, char error[TRACE_ERROR_BYTES]) {
    memset(rules, 0, sizeof *rules);
    FILE *f = fopen(path, "r");
    char *text = analysis_alloc(FILE_MAX + 1, 1);
    size_t len = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    int rc = -1;
    if (!f || ferror(f)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: the rules cannot be read: %s", path, strerror(errno));
    } else if (len > FILE_MAX) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: longer than 1 MiB: these are no rules", path);
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
        analysis_rules_free(rules);
    }
    return rc;
}

void analysis_rules_free(analysis_rules *rules) {
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->list[i].pattern);
    }
    free(rules->list);
    memset(rules, 0, sizeof *rules);
}
