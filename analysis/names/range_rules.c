/* Rules that say what names of ranges mean: the built-in ones, matching, and rules from a file. */
#include "analysis/names/range_rules.h"

#include "analysis/base/alloc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX    (1 << 20) /* bytes of a file of rules */
#define PATTERN_MAX 255       /* bytes */
#define STARS_MAX   3         /* in one pattern, so that matching takes no time to speak of */

static const struct {
    const char *name;
    names_role role;
    const char *needs; /* what a pattern with this role must hold, or NULL */
} role_names[] = {
    {"top_k", NAMES_ROLE_TOP_K, "{k}"},
    {"warmup", NAMES_ROLE_WARMUP, NULL},
    {"sample", NAMES_ROLE_SAMPLE, NULL},
    {"vision", NAMES_ROLE_VISION, NULL},
    {"prefill", NAMES_ROLE_PREFILL, NULL},
    {"decode", NAMES_ROLE_DECODE, NULL},
    {"mixed", NAMES_ROLE_MIXED, NULL},
    {"draft", NAMES_ROLE_DRAFT, NULL},
    {"idle", NAMES_ROLE_IDLE, NULL},
    {"step", NAMES_ROLE_STEP, NULL},
    {"layer", NAMES_ROLE_LAYER, "{layer}"},
    {"expert", NAMES_ROLE_EXPERT, "{expert}"},
    {"experts", NAMES_ROLE_EXPERTS, NULL},
    {"shared_expert", NAMES_ROLE_SHARED_EXPERT, NULL},
    {"dispatch", NAMES_ROLE_DISPATCH, NULL},
    {"combine", NAMES_ROLE_COMBINE, NULL},
    {"attention", NAMES_ROLE_ATTENTION, NULL},
    {"router", NAMES_ROLE_ROUTER, NULL},
    {"norm", NAMES_ROLE_NORM, NULL},
    {"embedding", NAMES_ROLE_EMBEDDING, NULL},
    {"head", NAMES_ROLE_HEAD, NULL},
    {"sampling", NAMES_ROLE_SAMPLING, NULL},
    {"communication", NAMES_ROLE_COMMUNICATION, NULL},
    {"other", NAMES_ROLE_OTHER, NULL},
    {"none", NAMES_ROLE_NONE, NULL},
};

/* ---- Matching ---- */

static const struct {
    const char *text;
    size_t field; /* of names_meaning */
    bool sums;    /* several of them are added up */
} places[] = {
    {"{k}", offsetof(names_meaning, number), false},
    {"{n}", offsetof(names_meaning, number), false},
    {"{layer}", offsetof(names_meaning, layer), false},
    {"{expert}", offsetof(names_meaning, expert), false},
    {"{requests}", offsetof(names_meaning, requests), true},
    {"{tokens}", offsetof(names_meaning, tokens), true},
};
#define PLACES (sizeof places / sizeof *places)

static bool begins_with(const char *text, const char *with) {
    return *text == *with && strncmp(text, with, strlen(with)) == 0;
}

/* The place that a pattern has here, or PLACES. */
static size_t place_at(const char *pattern) {
    size_t i = 0;
    while (i < PLACES && !begins_with(pattern, places[i].text)) {
        i++;
    }
    return i;
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

static const char *match_place(size_t place, const char *text, const char *end, names_meaning *found) {
    uint32_t value = 0, before;
    const char *behind = match_number(text, end, &value);
    char *field = (char *)found + places[place].field;
    if (behind) {
        memcpy(&before, field, sizeof before);
        value += places[place].sums && before != BASE_NONE ? before : 0;
        memcpy(field, &value, sizeof value);
    }
    return behind;
}

/* Matches a pattern up to its next * or its end, where the text must end, too. Returns the text behind what
 * matched, or NULL. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a pattern is long */
static const char *match_segment(const char *pattern, const char *text, const char *end,
                                 names_meaning *found) {
    for (; *pattern && *pattern != '*'; pattern++, text++) {
        if (begins_with(pattern, "{sep}")) {
            pattern += strlen("{sep}");
            if (text < end && *text != '\0' && strchr("._= :/", *text)) {
                names_meaning with = *found;
                const char *behind = match_segment(pattern, text + 1, end, &with);
                if (behind) {
                    *found = with;
                    return behind;
                }
            }
            return match_segment(pattern, text, end, found);
        }
        size_t place = *pattern == '{' ? place_at(pattern) : PLACES;
        if (place < PLACES) {
            const char *behind = match_place(place, text, end, found);
            return behind ? match_segment(pattern + strlen(places[place].text), behind, end, found) : NULL;
        }
        pattern += begins_with(pattern, "{{") || begins_with(pattern, "}}");
        if (text >= end || *text != *pattern) {
            return NULL;
        }
    }
    return *pattern == '*' || text == end ? text : NULL;
}

static const char *next_star(const char *pattern) {
    return pattern + strcspn(pattern, "*");
}

/* Whether the first characters of pattern and text rule out a match. That decides nearly all tries: of each name there are more than
 * a hundred, and with stars one for each of its characters. */
static bool differs_at_once(const char *pattern, const char *text, size_t len) {
    bool literal = *pattern != '\0' && *pattern != '*' && *pattern != '{' && *pattern != '}';
    return literal && (len == 0 || *text != *pattern);
}

/* What stands between two stars matches where it first can, which leaves the most for what follows: so the time is
 * that of a search for each. */
static bool match_pattern(const char *pattern, const char *text, const char *end, names_meaning *found) {
    text = match_segment(pattern, text, end, found);
    for (pattern = next_star(pattern); text && *pattern == '*'; pattern = next_star(pattern)) {
        const char *behind = NULL;
        names_meaning before = *found;
        pattern++;
        for (const char *from = text; !behind && from <= end; from++) {
            if (!differs_at_once(pattern, from, (size_t)(end - from))) {
                *found = before;
                behind = match_segment(pattern, from, end, found);
            }
        }
        text = behind;
    }
    return text != NULL;
}

static bool try_rule(const char *pattern, names_role role, const char *text, size_t len,
                     names_meaning *meaning) {
    if (differs_at_once(pattern, text, len)) {
        return false;
    }
    *meaning = (names_meaning){.role = role,
                               .number = BASE_NONE,
                               .layer = BASE_NONE,
                               .expert = BASE_NONE,
                               .requests = BASE_NONE,
                               .tokens = BASE_NONE};
    if (!match_pattern(pattern, text, text + len, meaning)) {
        return false;
    }
    if (strstr(pattern, "{requests}") || strstr(pattern, "{tokens}")) {
        meaning->pattern = pattern;
    }
    return true;
}

names_meaning names_rules_match(const names_rules *rules, const char *text, size_t len) {
    names_meaning meaning;
    for (size_t i = 0; rules && i < rules->count; i++) {
        if (try_rule(rules->list[i].pattern, rules->list[i].role, text, len, &meaning)) {
            return meaning;
        }
    }
    const names_built_in_rule *rule;
    for (size_t i = 0; !(rules && rules->alone) && (rule = names_built_in_rule_at(i)); i++) {
        if (try_rule(rule->pattern, rule->role, text, len, &meaning)) {
            return meaning;
        }
    }
    try_rule("", NAMES_ROLE_NONE, "", 0, &meaning);
    return meaning;
}

/* The part that a role is, or NAMES_PARTS: the part of the range around. */
static names_part part_of_role(names_role role) {
    switch (role) {
    case NAMES_ROLE_EXPERT:
    case NAMES_ROLE_EXPERTS:
        return NAMES_PART_EXPERT;
    case NAMES_ROLE_SHARED_EXPERT:
        return NAMES_PART_SHARED_EXPERT;
    case NAMES_ROLE_DISPATCH:
        return NAMES_PART_DISPATCH;
    case NAMES_ROLE_COMBINE:
        return NAMES_PART_COMBINE;
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
    case NAMES_ROLE_SAMPLING:
        return NAMES_PART_SAMPLING;
    case NAMES_ROLE_COMMUNICATION:
        return NAMES_PART_COMMUNICATION;
    case NAMES_ROLE_VISION:
        return NAMES_PART_VISION;
    case NAMES_ROLE_OTHER:
        return NAMES_PART_OTHER;
    default:
        return NAMES_PARTS;
    }
}

names_part names_part_of(names_role role, names_part around) {
    bool communicates =
        role == NAMES_ROLE_DISPATCH || role == NAMES_ROLE_COMBINE || role == NAMES_ROLE_COMMUNICATION;
    bool inside = around == NAMES_PART_EXPERT || around == NAMES_PART_SHARED_EXPERT;
    if (around == NAMES_PART_VISION || (inside && !communicates)) {
        return around;
    }
    names_part part = part_of_role(role);
    return part == NAMES_PARTS ? around : part;
}

const char *names_part_name(names_part part) {
    static const char *const names[NAMES_PARTS] = {
        [NAMES_PART_EXPERT] = "expert",       [NAMES_PART_ATTENTION] = "attention",
        [NAMES_PART_ROUTER] = "router",       [NAMES_PART_NORM] = "norm",
        [NAMES_PART_EMBEDDING] = "embedding", [NAMES_PART_HEAD] = "head",
        [NAMES_PART_VISION] = "vision",       [NAMES_PART_SHARED_EXPERT] = "shared_expert",
        [NAMES_PART_DISPATCH] = "dispatch",   [NAMES_PART_COMBINE] = "combine",
        [NAMES_PART_SAMPLING] = "sampling",   [NAMES_PART_COMMUNICATION] = "communication",
        [NAMES_PART_OTHER] = "other",
    };
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
        if (begins_with(p, "{{")) {
            p++;
        } else if (!begins_with(p, "{sep}") && place_at(p) == PLACES) {
            return "holds a {...} other than {layer}, {expert}, {k}, {n}, {requests}, {tokens} and {sep} ({{ "
                   "is a {)";
        }
    }
    if (*pattern == '\0' || strlen(pattern) > PATTERN_MAX) {
        return "is empty or longer than 255 bytes";
    }
    if (stars > STARS_MAX) {
        return "has more than three *";
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
