/* The tokens of JSON. */
#include "analysis/base/json_reader.h"

#include "analysis/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static int read_byte(base_json *j) {
    j->read++;
    return getc_unlocked(j->file);
}

static base_json_token error(base_json *j) {
    j->failed = true;
    return BASE_JSON_ERROR;
}

static void keep_byte(base_json *j, int c) {
    if (j->len < BASE_JSON_TEXT) {
        j->text[j->len++] = (char)c;
    }
}

/* The four digits behind \u; -1 when there are none. */
static int hex4(base_json *j) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = read_byte(j);
        int digit = -1;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        }
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static void keep_code(base_json *j, uint32_t code) {
    char bytes[4];
    size_t len = base_utf8_encode(bytes, code);
    for (size_t i = 0; i < len; i++) {
        keep_byte(j, bytes[i]);
    }
}

/* Half of a pair that has no other half. */
static void keep_half(base_json *j, uint32_t *half) {
    if (*half != 0) {
        keep_code(j, *half);
        *half = 0;
    }
}

/* What stands behind \u; the first half of a surrogate pair waits in *half. False when it is no code. */
static bool keep_escaped_code(base_json *j, uint32_t *half) {
    int code = hex4(j);
    if (code >= 0xdc00 && code < 0xe000 && *half != 0) {
        keep_code(j, 0x10000 + ((*half - 0xd800) << 10) + ((uint32_t)code - 0xdc00));
        *half = 0;
        return true;
    }
    keep_half(j, half);
    if (code >= 0xd800 && code < 0xdc00) {
        *half = (uint32_t)code;
    } else if (code >= 0) {
        keep_code(j, code > 0 ? (uint32_t)code : '?');
    }
    return code >= 0;
}

static base_json_token text(base_json *j) {
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    uint32_t half = 0;
    for (int c; (c = read_byte(j)) != '"';) {
        bool escaped = c == '\\';
        c = escaped ? read_byte(j) : c;
        if (c == EOF) {
            return error(j);
        }
        if (escaped && c == 'u') {
            if (!keep_escaped_code(j, &half)) {
                return error(j);
            }
            continue;
        }
        keep_half(j, &half);
        const char *known = escaped ? strchr(from, c) : NULL;
        keep_byte(j, known ? to[known - from] : c);
    }
    keep_half(j, &half);
    j->text[j->len] = '\0';
    return BASE_JSON_TEXT_TOKEN;
}

static base_json_token word(base_json *j, int c) {
    while (c != EOF &&
           (strchr("+-.", c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
        keep_byte(j, c);
        c = read_byte(j);
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
        c = read_byte(j);
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

/* The digits of a decimal number without its point, and the power of ten that they are multiplied with. */
typedef struct {
    uint64_t digits;
    int power;
    bool dropped; /* further digits follow that are all passed over, */
    int next;     /* the first of which is this one */
} decimal;

static void add_digit(decimal *d, int digit, bool behind_point) {
    if (!d->dropped && d->digits < UINT64_MAX / 10 - 1) {
        d->digits = d->digits * 10 + (uint64_t)digit;
        d->power -= behind_point;
        return;
    }
    d->next = d->dropped ? d->next : digit;
    d->dropped = true;
    d->power += !behind_point;
}

static bool read_decimal(const char *p, decimal *d) {
    bool any = false, behind_point = false;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !behind_point); p++) {
        if (*p == '.') {
            behind_point = true;
        } else {
            any = true;
            add_digit(d, *p - '0', behind_point);
        }
    }
    if (any && (*p == 'e' || *p == 'E')) {
        char *end;
        long exponent = strtol(p + 1, &end, 10);
        if (end == p + 1 || exponent < -1000 || exponent > 1000) {
            return false;
        }
        d->power += (int)exponent;
        p = end;
    }
    return any && *p == '\0';
}

/* Exact, as floating point is not for long times. */
bool base_json_thousandths(const char *number, int64_t *value) {
    const uint64_t most = (uint64_t)1 << 62;
    bool negative = *number == '-';
    decimal d = {0};
    if (!read_decimal(number + (negative || *number == '+'), &d)) {
        return false;
    }
    uint64_t n = d.digits;
    int power = d.power + 3;
    bool up = d.dropped && d.next >= 5 && power >= 0;
    for (; power > 0 && n != 0; power--) {
        if (n > most / 10) {
            return false;
        }
        n *= 10;
    }
    for (; power < 0 && n != 0; power++) {
        up = n % 10 >= 5;
        n /= 10;
    }
    if (n > most) {
        return false;
    }
    n += up;
    *value = negative ? -(int64_t)n : (int64_t)n;
    return true;
}
