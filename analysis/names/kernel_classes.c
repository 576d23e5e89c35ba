/* Classes of kernels by name: matching, and tables from files. */
#include "analysis/names/kernel_classes.h"

#include "analysis/base/alloc.h"
#include "analysis/names/kernel_display_name.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20) /* bytes of a file of classes */
/* Bytes of a demangled name in which built-in patterns are searched: template arguments behind them say nothing new. */
#define SEARCHED_MAX    4096
#define PATTERN_MAX     4096 /* bytes of a regular expression */
#define REPETITIONS_MAX 255  /* the product of all {N} of one */

struct names_kernel_class_pattern {
    char *class_name;
    regex_t regex;
};

/* ---- Matching ---- */

/* Whether the alternative [pattern, end) occurs in `text`: its pieces between the * one after the other. */
static bool match_alternative(const char *pattern, const char *end, const char *text) {
    bool anchored = *pattern == '^';
    for (pattern += anchored; pattern < end; pattern++) {
        size_t len = 0;
        while (pattern + len < end && pattern[len] != '*') {
            len++;
        }
        const char *at =
            anchored && strncmp(text, pattern, len) != 0 ? NULL : memmem(text, strlen(text), pattern, len);
        if (!at) {
            return false;
        }
        text = at + len;
        pattern += len;
        anchored = false;
    }
    return true;
}

static bool match_alternatives(const char *patterns, const char *text) {
    for (const char *end; *patterns; patterns = *end ? end + 1 : end) {
        end = patterns + strcspn(patterns, "|");
        if (match_alternative(patterns, end, text)) {
            return true;
        }
    }
    return false;
}

static const names_kernel_class_rule *find_built_in_class(char *name) {
    const char *text = strncmp(name, "void ", 5) == 0 ? name + 5 : name;
    const names_kernel_class_rule *rule;
    if (strlen(name) > SEARCHED_MAX) {
        name[SEARCHED_MAX] = '\0';
    }
    for (size_t i = 0; (rule = names_kernel_class_rule_at(i)) && !match_alternatives(rule->patterns, text);
         i++) {
    }
    return rule;
}

const char *names_kernel_class(const names_kernel_classes *classes, const char *mangled) {
    char *name = names_kernel_signature(mangled);
    const char *found = NULL;
    for (size_t i = 0; classes && i < classes->count && !found; i++) {
        if (regexec(&classes->list[i].regex, name, 0, NULL, 0) == 0) {
            found = classes->list[i].class_name;
        }
    }
    const names_kernel_class_rule *rule = found ? NULL : find_built_in_class(name);
    free(name);
    return rule ? rule->class_name : found;
}

bool names_kernel_communicates(const char *mangled) {
    char *name = names_kernel_signature(mangled);
    const names_kernel_class_rule *rule = find_built_in_class(name);
    free(name);
    return rule && rule->communicates;
}

/* ---- Tables from a file ---- */

/* The larger number of {N}, {N,} or {N,M}, at least 1. */
static unsigned long repetitions(const char *braces) {
    char *end;
    unsigned long least = strtoul(braces + 1, &end, 10), most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
    least = most > least ? most : least;
    return least > 1 ? least : 1;
}

/* What POSIX lacks of Python's expressions: (?:...), \d; false for what it cannot do, such as a reference back, which
 * would also make the search slow, and for repetitions that need much memory. `to` has three times the room of `from`. */
static bool translate_regex(const char *from, char *to) {
    unsigned long repeated = 1;
    for (; *from; from++) {
        if (from[0] == '(' && from[1] == '?') {
            if (from[2] != ':') {
                return false;
            }
            *to++ = '(';
            from += 2;
        } else if (from[0] == '\\' && from[1] == 'd') {
            memcpy(to, "[0-9]", 5);
            to += 5;
            from++;
        } else if (from[0] == '\\' && (from[1] == '\0' || (from[1] >= '0' && from[1] <= '9'))) {
            return false;
        } else if (from[0] == '\\') {
            *to++ = *from++;
            *to++ = *from;
        } else if (from[0] == '{' && (repetitions(from) > REPETITIONS_MAX ||
                                      (repeated *= repetitions(from)) > REPETITIONS_MAX)) {
            return false;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return true;
}

static int add_class(names_kernel_classes *classes, const char *path, const cJSON *item,
                     char error[TRACE_ERROR_BYTES]) {
    const char *class_name = cJSON_GetStringValue(item);
    char translated[3 * PATTERN_MAX + 1],
        why[128] = "longer than 4,096 bytes, or uses what POSIX extended ones lack";
    regex_t regex;
    bool usable = strlen(item->string) <= PATTERN_MAX && translate_regex(item->string, translated);
    if (usable) {
        int rc = regcomp(&regex, translated, REG_EXTENDED | REG_NOSUB);
        usable = rc == 0;
        if (rc != 0) {
            regerror(rc, &regex, why, sizeof why);
        }
    }
    if (!usable || !*class_name) {
        if (usable) {
            regfree(&regex);
        }
        snprintf(error, TRACE_ERROR_BYTES, "%s: the %zu. expression is not usable: %s", path,
                 classes->count + 1, usable ? "its class is empty" : why);
        return -1;
    }
    classes->list = base_grow(classes->list, &classes->cap, classes->count + 1, sizeof *classes->list);
    classes->list[classes->count++] =
        (names_kernel_class_pattern){.class_name = base_copy(class_name, strlen(class_name)), .regex = regex};
    return 0;
}

/* An object whose values are texts. */
static bool is_table(const cJSON *json) {
    const cJSON *item;
    bool texts = cJSON_IsObject(json) && json->child;
    cJSON_ArrayForEach(item, json) {
        texts = texts && cJSON_IsString(item);
    }
    return texts;
}

/* The tables of engines and models that `model` names (NULL: all); *count of them, the last one is returned. */
static const cJSON *find_table(const cJSON *json, const char *model, size_t *count) {
    const cJSON *engine, *table, *found = NULL;
    *count = 0;
    cJSON_ArrayForEach(engine, json) {
        cJSON_ArrayForEach(table, engine) {
            char both[256];
            snprintf(both, sizeof both, "%s/%s", engine->string ? engine->string : "",
                     table->string ? table->string : "");
            if (is_table(table) && table->string &&
                (!model || strcmp(model, table->string) == 0 || strcmp(model, both) == 0)) {
                found = table;
                ++*count;
            }
        }
    }
    return found;
}

static int add_classes(names_kernel_classes *classes, const cJSON *json, const char *path, const char *model,
                       char error[TRACE_ERROR_BYTES]) {
    size_t count = 0;
    const cJSON *item, *table = is_table(json) && !model ? json : NULL;
    if (!table) {
        table = find_table(json, model, &count);
        if (count > 1) {
            snprintf(error, TRACE_ERROR_BYTES,
                     "%s: holds %zu tables of classes: choose one by its model, as in %s#%s", path, count,
                     path, table->string);
            return -1;
        }
    }
    if (!table) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: %s (docs/attribution.md)", path,
                 model ? "no table of classes has the name after the #"
                       : "not a JSON object of regular expressions and the classes of kernels they match");
        return -1;
    }
    cJSON_ArrayForEach(item, table) {
        if (add_class(classes, path, item, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Splits PATH#MODEL, unless a file has that whole name. Returns the model, or NULL. */
static char *split_model(char *path) {
    FILE *whole = fopen(path, "r");
    char *hash = strrchr(path, '#');
    if (whole) {
        fclose(whole);
    } else if (hash) {
        *hash = '\0';
        return hash + 1;
    }
    return NULL;
}

int names_kernel_classes_load(names_kernel_classes *classes, const char *path,
                              char error[TRACE_ERROR_BYTES]) {
    memset(classes, 0, sizeof *classes);
    char *name = base_copy(path, strlen(path));
    const char *model = split_model(name);
    FILE *f = fopen(name, "r");
    char *text = base_alloc(FILE_MAX + 1, 1);
    size_t len = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    int rc = -1;
    if (!f || ferror(f)) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: the classes cannot be read: %s", name, strerror(errno));
    } else if (len > FILE_MAX) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: longer than 1 MiB: not a file of classes", name);
    } else {
        cJSON *json = cJSON_ParseWithLength(text, len);
        rc = add_classes(classes, json, name, model, error);
        cJSON_Delete(json);
    }
    if (f) {
        fclose(f);
    }
    free(text);
    free(name);
    if (rc != 0) {
        names_kernel_classes_free(classes);
    }
    return rc;
}

void names_kernel_classes_free(names_kernel_classes *classes) {
    for (size_t i = 0; i < classes->count; i++) {
        free(classes->list[i].class_name);
        regfree(&classes->list[i].regex);
    }
    free(classes->list);
    memset(classes, 0, sizeof *classes);
}
