/* The tokens of JSON. */
#include "analysis/base/json_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int get(base_json *j) {
    j->read++;
    return getc_unlocked(j->file);
}

static base_json_token error(base_json *j) {
    j->failed = true;
    return BASE_JSON_ERROR;
}

static void keep(base_json *j, int c) {
    if (j->len < BASE_JSON_TEXT) {
        j->text[j->len++] = (char)c;
    }
}

/* The four digits behind \u; -1 when there are none. */
static int hex4(base_json *j) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = get(j);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Half of a pair stays what it is: the text is made UTF-8 where it is shown. */
static void keep_code(base_json *j, int code) {
    if (code < 0x80) {
        keep(j, code);
    } else if (code < 0x800) {
        keep(j, 0xc0 | code >> 6);
        keep(j, 0x80 | (code & 0x3f));
    } else {
        keep(j, 0xe0 | code >> 12);
        keep(j, 0x80 | (code >> 6 & 0x3f));
        keep(j, 0x80 | (code & 0x3f));
    }
}

static base_json_token text(base_json *j) {
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    for (int c; (c = get(j)) != '"';) {
        if (c == EOF) {
            return error(j);
        }
        if (c != '\\') {
            keep(j, c);
            continue;
        }
        c = get(j);
        const char *known = c > 0 ? strchr(from, c) : NULL;
        int code = c == 'u' ? hex4(j) : 0;
        if (c == EOF || code < 0) {
            return error(j);
        }
        if (c == 'u') {
            keep_code(j, code ? code : '?');
        } else {
            keep(j, known ? to[known - from] : c);
        }
    }
    j->text[j->len] = '\0';
    return BASE_JSON_TEXT_TOKEN;
}

static base_json_token word(base_json *j, int c) {
    while (c != EOF &&
           (strchr("+-.", c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
        keep(j, c);
        c = get(j);
    }
    if (c != EOF) {
        ungetc(c, j->file);
        j->read--;
    }
    j->text[j->len] = '\0';
    return j->len > 0 ? BASE_JSON_WORD : error(j);
}

base_json_token base_json_next(base_json *j) {
    int c;
    if (j->failed) {
        return BASE_JSON_ERROR;
    }
    do {
        c = get(j);
    } while (c == ' ' || c == '\n' || c == '\t' || c == '\r');
    j->len = 0;
    switch (c) {
    case EOF:
        return BASE_JSON_END;
    case '{':
    case '[':
        j->bracket = (char)c;
        j->depth++;
        return BASE_JSON_OPEN;
    case '}':
    case ']':
        j->bracket = (char)c;
        if (j->depth == 0) {
            return error(j);
        }
        j->depth--;
        return BASE_JSON_CLOSE;
    case ':':
        return BASE_JSON_COLON;
    case ',':
        return BASE_JSON_COMMA;
    case '"':
        return text(j);
    default:
        return word(j, c);
    }
}

bool base_json_skip(base_json *j, base_json_token first) {
    if (first != BASE_JSON_OPEN) {
        return first == BASE_JSON_TEXT_TOKEN || first == BASE_JSON_WORD;
    }
    uint64_t outside = j->depth - 1;
    while (j->depth > outside) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_END || t == BASE_JSON_ERROR) {
            return false;
        }
    }
    return true;
}

bool base_json_thousandths(const char *number, int64_t *value) {
    char *end;
    bool negative = *number == '-';
    const char *digits = number + negative;
    uint64_t whole = 0, part = 0;
    int places = 0;
    while (*digits >= '0' && *digits <= '9' && whole < (uint64_t)1 << 50) {
        whole = whole * 10 + (uint64_t)(*digits++ - '0');
    }
    if (*digits == '.') {
        for (digits++; *digits >= '0' && *digits <= '9' && places < 3; places++) {
            part = part * 10 + (uint64_t)(*digits++ - '0');
        }
        for (; places < 3; places++) {
            part *= 10;
        }
        bool up = *digits >= '5' && *digits <= '9';
        while (*digits >= '0' && *digits <= '9') {
            digits++;
        }
        part += up;
    }
    if (*digits == '\0' && digits > number + negative) { /* exact, as floating point is not for long times */
        int64_t all = (int64_t)(whole * 1000 + part);
        *value = negative ? -all : all;
        return true;
    }
    double f = strtod(number, &end);
    if (end == number || *end != '\0' || !isfinite(f) || fabs(f) > 1e15) {
        return false;
    }
    *value = llround(f * 1000);
    return true;
}
