/* Quoting of fields. */
#include "analysis/base/csv.h"

#include "analysis/base/number_text.h"
#include "analysis/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether a spreadsheet would read the text as a formula: a dash alone, which means "none", is not one. */
static bool is_formula(const char *text) {
    return *text != '\0' && strchr("=+-@\t\r", *text) != NULL && strcmp(text, "-") != 0;
}

void base_csv_text(FILE *file, const char *text) {
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    size_t len = strlen(text);
    char *clean = base_utf8_clean(text, &len);
    fputs(quoted ? "\"" : "", file);
    fputs(is_formula(clean) ? "'" : "", file);
    for (const char *p = clean; *p; p++) {
        fputs(*p == '"' ? "\"" : "", file);
        putc(*p, file);
    }
    fputs(quoted ? "\"" : "", file);
    free(clean);
}

void base_csv_number(FILE *file, double value) {
    char text[BASE_NUMBER_BYTES];
    fputs(base_number_text(text, value), file);
}
