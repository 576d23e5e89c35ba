/* Reads JSON value by value; see json_scan.h. */
#include "native/json_scan.h"

#include "native/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

static bool fail_scan(native_json_scan *scan, const char *wrong) {
    if (scan->wrong == NULL) {
        scan->wrong = wrong;
    }
    return false;
}

bool native_json_scan_open(native_json_scan *scan, const char *text, size_t length) {
    memset(scan, 0, sizeof *scan);
    scan->text = scan->at = text;
    scan->end = text + length;
    scan->strings = scan->next = malloc(length + 1);
    return scan->strings != NULL;
}

void native_json_scan_close(native_json_scan *scan) {
    free(scan->strings);
    scan->strings = scan->next = NULL;
}

/* The next character that is no white space, without taking it; 0 at the end. */
static char peek_character(native_json_scan *scan) {
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r')) {
        scan->at++;
    }
    return scan->at < scan->end && scan->wrong == NULL ? *scan->at : '\0';
}

static bool take_character(native_json_scan *scan, char wanted) {
    if (peek_character(scan) != wanted) {
        return false;
    }
    scan->at++;
    return true;
}

static char closing_bracket(char bracket) {
    return bracket == '{' ? '}' : ']';
}

bool native_json_scan_enter(native_json_scan *scan, char bracket) {
    if (!take_character(scan, bracket)) {
        return fail_scan(scan, bracket == '{' ? "an object is expected" : "an array is expected");
    }
    return !take_character(scan, closing_bracket(bracket)) && scan->wrong == NULL;
}

bool native_json_scan_more(native_json_scan *scan, char bracket) {
    if (take_character(scan, ',')) {
        return true;
    }
    return !take_character(scan, closing_bracket(bracket)) &&
           fail_scan(scan, "a comma or the closing bracket is expected");
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u. */
static bool scan_code_unit(native_json_scan *scan, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int digit = scan->at < scan->end ? hex_digit(*scan->at) : -1;
        if (digit < 0) {
            return fail_scan(scan, "\\u needs four hexadecimal digits");
        }
        *out = *out << 4 | (uint32_t)digit;
        scan->at++;
    }
    return true;
}

static void write_utf8(native_json_scan *scan, uint32_t code) {
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    int length = 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
    if (length == 1) {
        *scan->next++ = (char)code;
        return;
    }
    *scan->next++ = (char)(lead[length] | code >> (6 * (length - 1)));
    for (int i = length - 2; i >= 0; i--) {
        *scan->next++ = (char)(0x80 | (code >> (6 * i) & 0x3f));
    }
}

/* What follows \u, with the second half of a surrogate pair. */
static bool scan_unicode_escape(native_json_scan *scan) {
    uint32_t code, low;
    if (!scan_code_unit(scan, &code)) {
        return false;
    }
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u') {
            return fail_scan(scan, "a lone surrogate is no character");
        }
        scan->at += 2;
        if (!scan_code_unit(scan, &low)) {
            return false;
        }
        if (low < 0xdc00 || low >= 0xe000) {
            return fail_scan(scan, "a lone surrogate is no character");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0) {
        return fail_scan(scan, "a string holds NUL");
    }
    write_utf8(scan, code);
    return true;
}

static bool scan_escape(native_json_scan *scan) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = scan->at < scan->end ? *scan->at++ : '\0';
    if (c == 'u') {
        return scan_unicode_escape(scan);
    }
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    if (found == NULL) {
        return fail_scan(scan, "an unknown escape in a string");
    }
    *scan->next++ = to[found - from];
    return true;
}

bool native_json_scan_string(native_json_scan *scan, const char **out) {
    char *start = scan->next;
    if (!take_character(scan, '"')) {
        return fail_scan(scan, "a string is expected");
    }
    for (;;) {
        if (scan->at >= scan->end) {
            return fail_scan(scan, "a string has no end");
        }
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"') {
            break;
        }
        uint32_t code;
        size_t length =
            native_utf8_decode((const unsigned char *)scan->at, (size_t)(scan->end - scan->at), &code);
        if (length == 0 || c < 0x20) {
            return fail_scan(scan, length == 0 ? "not UTF-8" : "a control character in a string");
        }
        if (c == '\\') {
            scan->at++;
            if (!scan_escape(scan)) {
                return false;
            }
            continue;
        }
        memcpy(scan->next, scan->at, length);
        scan->next += length;
        scan->at += length;
    }
    scan->at++;
    *scan->next++ = '\0';
    *out = start;
    return true;
}

bool native_json_scan_key(native_json_scan *scan, const char **out) {
    return native_json_scan_string(scan, out) &&
           (take_character(scan, ':') || fail_scan(scan, "a colon is expected"));
}

bool native_json_scan_whole(native_json_scan *scan, int64_t *out) {
    char first = peek_character(scan);
    const char *start = scan->at;
    int64_t value = 0;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *scan->at - '0', &value)) {
            return fail_scan(scan, "a number is too large");
        }
    }
    ptrdiff_t digits = scan->at - start;
    char after = scan->at < scan->end ? *scan->at : '\0';
    if (scan->wrong != NULL || digits == 0 || (first == '0' && digits > 1) || after == '.' ||
        (after | 0x20) == 'e') {
        return fail_scan(scan, "a whole number from 0 is expected");
    }
    *out = value;
    return true;
}

static bool skip_number_or_word(native_json_scan *scan) {
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(scan->end - scan->at) >= length && memcmp(scan->at, words[i], length) == 0) {
            scan->at += length;
            return true;
        }
    }
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at != '\0' && strchr("0123456789+-.eE", *scan->at) != NULL) {
        scan->at++;
    }
    return scan->at > start || fail_scan(scan, "a value is expected");
}

/* One level of brackets for each turn: no recursion. */
bool native_json_scan_skip(native_json_scan *scan) {
    char open[MAX_DEPTH];
    int depth = 0;
    const char *ignored;
    do {
        char *mark = scan->next;
        bool inside = depth > 0 && open[depth - 1] == '{';
        if (inside && !native_json_scan_key(scan, &ignored)) {
            return false;
        }
        char c = peek_character(scan);
        if (c == '{' || c == '[') {
            if (depth == MAX_DEPTH) {
                return fail_scan(scan, "values are nested too deep");
            }
            if (native_json_scan_enter(scan, c)) {
                open[depth++] = c;
                continue;
            }
        } else if (c == '"') {
            native_json_scan_string(scan, &ignored);
        } else {
            skip_number_or_word(scan);
        }
        scan->next = mark;
        while (depth > 0 && scan->wrong == NULL && !native_json_scan_more(scan, open[depth - 1])) {
            depth--;
        }
    } while (depth > 0 && scan->wrong == NULL);
    return scan->wrong == NULL;
}

bool native_json_scan_end(native_json_scan *scan) {
    peek_character(scan);
    return scan->wrong == NULL && (scan->at == scan->end || fail_scan(scan, "text follows the end"));
}
