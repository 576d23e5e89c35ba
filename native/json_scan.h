/* A strict reader of JSON (RFC 8259) that calls for one value at a time and builds no tree, so that its memory is that of the
 * decoded strings: never more than the text. Errors are sticky: after the first one every function returns false. */
#ifndef NATIVE_JSON_SCAN_H
#define NATIVE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *text, *at, *end;
    char *strings, *next; /* decoded strings, as many bytes as the text; and where the next one goes */
    const char *wrong;    /* what is wrong at `at`, or NULL */
} native_json_scan;

/* Begins to read `length` bytes of text, which must outlive the scan. False: out of memory. */
bool native_json_scan_open(native_json_scan *scan, const char *text, size_t length);
/* Frees all decoded strings. */
void native_json_scan_close(native_json_scan *scan);

/* Reads the opening bracket ('{' or '['). True if there is a first element; false for an empty object or array. */
bool native_json_scan_enter(native_json_scan *scan, char bracket);
/* After an element: true if another one follows; false after the closing bracket. */
bool native_json_scan_more(native_json_scan *scan, char bracket);

/* Reads a string; *out lives until the scan is closed. A string with a NUL in it is refused. */
bool native_json_scan_string(native_json_scan *scan, const char **out);
/* Reads the name of a member and its colon. */
bool native_json_scan_key(native_json_scan *scan, const char **out);
/* Reads a whole number from 0 to 2^63 - 1, without fraction or exponent. */
bool native_json_scan_whole(native_json_scan *scan, int64_t *out);
/* Reads over any value, nested at most 64 deep. */
bool native_json_scan_skip(native_json_scan *scan);
/* True if nothing but white space follows and no error occurred. */
bool native_json_scan_end(native_json_scan *scan);

#endif
