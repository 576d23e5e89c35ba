/* Tables and labelled lines for terminals. */
#include "analysis/report/text_table.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/report/short_names.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LABEL        24 /* columns of a field's label, with the space behind it */
#define FLEXIBLE_MIN 12 /* columns that a column of names keeps, where it has as many */

void report_put_text(FILE *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        putc_unlocked(c < 0x20 || c == 0x7f ? '?' : c, out); /* one thread prints */
    }
}

/* ---- Tables ---- */

static report_cell *add_cell(report_table *t, char *text) {
    t->cells = base_grow(t->cells, &t->cap, t->count + 1, sizeof *t->cells);
    t->cells[t->count] = (report_cell){.text = text};
    return &t->cells[t->count++];
}

void report_table_begin(report_table *t, const char *id, const report_column *columns, size_t column_count,
                        size_t flexible) {
    *t = (report_table){.id = id, .columns = columns, .column_count = column_count, .flexible = flexible};
}

void report_table_begin_fields(report_table *t, const char *id, const char *title) {
    static const report_column columns[] = {
        {"key", NULL, 'l'}, {"field", "Field", 'l'}, {"value", "Value", 'l'}};
    report_table_begin(t, id, REPORT_COLUMNS(columns), 2);
    t->fields = true;
    report_table_title(t, "%s", title);
}

bool report_table_shown(const report_table *t, size_t column) {
    return t->columns[column].title != NULL;
}

/* Names of a trace are in it: it becomes safe to print. */
static char *formatted(const char *format, va_list args) {
    char *text = NULL, *printable;
    int len = vasprintf(&text, format, args);
    if (len < 0) {
        return base_copy("", 0);
    }
    printable = base_text_printable(text, (size_t)len);
    free(text);
    return printable;
}

void report_table_title(report_table *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    free(t->title);
    t->title = formatted(format, args);
    va_end(args);
}

void report_table_note(report_table *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *note = formatted(format, args), *before = t->notes, *both;
    va_end(args);
    size_t had = before ? strlen(before) : 0;
    both = base_alloc(had + strlen(note) + 2, 1);
    sprintf(both, "%s%s%s", before ? before : "", before ? "\n" : "", note);
    t->notes = both;
    free(before);
    free(note);
}

void report_table_cell(report_table *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_cell(t, formatted(format, args));
    va_end(args);
}

void report_table_missing(report_table *t) {
    add_cell(t, base_copy("-", 1))->missing = true;
}

static void add_number_cell(report_table *t, const char *text, double value, bool whole) {
    if (isnan(value)) {
        report_table_missing(t);
        return;
    }
    report_cell *cell = add_cell(t, base_copy(text, strlen(text)));
    cell->number = true;
    cell->whole = whole;
    cell->value = value;
}

void report_table_count(report_table *t, uint64_t n) {
    char buf[32];
    snprintf(buf, sizeof buf, "%" PRIu64, n);
    add_number_cell(t, buf, (double)n, true);
}

void report_table_ms(report_table *t, double value) {
    char buf[32];
    add_number_cell(t, report_format_ms(buf, value), value, false);
}

void report_table_number(report_table *t, double value, int digits) {
    char buf[64];
    snprintf(buf, sizeof buf, "%.*f", digits, value);
    add_number_cell(t, buf, value, false);
}

void report_table_p(report_table *t, double p) {
    char buf[64];
    snprintf(buf, sizeof buf, p < 0.001 ? "<0.001" : "%.3f", p);
    add_number_cell(t, buf, p, false);
}

void report_table_index(report_table *t, uint32_t index) {
    if (index == BASE_NONE) {
        report_table_missing(t);
    } else {
        report_table_count(t, index);
    }
}

void report_table_share(report_table *t, uint64_t part, uint64_t whole) {
    report_table_number(t, whole ? 100.0 * (double)part / (double)whole : NAN, 2);
}

void report_table_field(report_table *t, const char *key, const char *label, const char *value) {
    report_table_cell(t, "%s", key);
    report_table_cell(t, "%s", label);
    if (value) {
        report_table_cell(t, "%s", value);
    } else {
        report_table_missing(t);
    }
}

void report_table_fieldf(report_table *t, const char *key, const char *label, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    report_table_field(t, key, label, text);
    free(text);
}

size_t report_table_rows(const report_table *t) {
    return t->count / t->column_count;
}

void report_table_free(report_table *t) {
    for (size_t i = 0; i < t->count; i++) {
        free(t->cells[i].text);
        free(t->cells[i].whole_text);
        free(t->cells[i].mangled);
    }
    free(t->cells);
    free(t->title);
    free(t->notes);
    memset(t, 0, sizeof *t);
}

static void pad(FILE *out, size_t n) {
    while (n-- > 0) {
        putc_unlocked(' ', out);
    }
}

/* A text that is wider than its column takes what it needs. */
static void print_cell(const report_table *t, FILE *out, size_t column, const char *text, size_t width) {
    bool right = t->columns[column].alignment == 'r';
    size_t has = base_text_width(text), missing = width > has ? width - has : 0;
    if (right) {
        pad(out, missing);
    }
    report_put_text(out, text, strlen(text));
    if (column + 1 == t->column_count) {
        putc('\n', out);
    } else {
        pad(out, (right ? 0 : missing) + 2);
    }
}

/* The width of each column, that of the flexible one such that a line fits. */
static size_t *column_widths(const report_table *t, size_t most) {
    size_t *widths = base_alloc(t->column_count, sizeof *widths), total = 2 * (t->column_count - 1);
    for (size_t i = 0; i < t->column_count; i++) {
        widths[i] = base_text_width(t->columns[i].title);
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t width = base_text_width(t->cells[i].text), *column = &widths[i % t->column_count];
        *column = width > *column ? width : *column;
    }
    for (size_t i = 0; i < t->column_count; i++) {
        total += widths[i];
    }
    if (total > most) {
        size_t over = total - most, *width = &widths[t->flexible];
        if (*width > over + FLEXIBLE_MIN) {
            *width -= over;
        } else if (*width > FLEXIBLE_MIN) {
            *width = FLEXIBLE_MIN;
        }
    }
    return widths;
}

static void print_cells(const report_table *t, FILE *out, size_t width) {
    size_t *widths = column_widths(t, width);
    for (size_t i = 0; i < t->column_count; i++) {
        print_cell(t, out, i, t->columns[i].title, widths[i]);
    }
    size_t rows = report_table_rows(t);
    const char **flexible = base_alloc(rows, sizeof *flexible);
    for (size_t i = 0; i < rows; i++) {
        flexible[i] = t->cells[i * t->column_count + t->flexible].text;
    }
    char **shortened = report_shorten_texts(flexible, rows, widths[t->flexible]);
    for (size_t i = 0; i < t->count; i++) {
        size_t column = i % t->column_count, row = i / t->column_count;
        print_cell(t, out, column, column == t->flexible ? shortened[row] : t->cells[i].text, widths[column]);
    }
    for (size_t i = 0; i < rows; i++) {
        free(shortened[i]);
    }
    free(shortened);
    free(flexible);
    free(widths);
}

void report_put_title(FILE *out, report_style style, const char *text) {
    fputs(style.colour ? "\033[1m" : "", out);
    report_put_text(out, text, strlen(text));
    fputs(style.colour ? "\033[0m" : "", out);
}

void report_table_end(report_table *t, FILE *out, report_style style) {
    if (t->title) {
        report_put_title(out, style, t->title);
        putc('\n', out);
    }
    if (t->fields) {
        for (size_t i = 0; i < t->count; i += t->column_count) {
            const char *name = t->cells[i + 1].text;
            char *label = base_alloc(strlen(name) + 3, 1);
            sprintf(label, "  %s", name);
            report_field(out, (report_style){style.width, false}, LABEL, label, t->cells[i + 2].text);
            free(label);
        }
    } else if (report_table_rows(t) > 0) {
        print_cells(t, out, style.width);
    }
    for (char *line = t->notes, *rest = NULL; line; line = rest) {
        rest = strchr(line, '\n');
        if (rest) {
            *rest++ = '\0';
        }
        report_put_paragraph(out, style.width, line);
    }
    report_table_free(t);
}

/* ---- Fields ---- */

/* Prints what fits in `room` columns, up to a space if there is one; returns what is left. */
static const char *put_line(FILE *out, const char *text, size_t room) {
    const char *limit = base_text_skip(text, room), *cut = limit;
    while (cut > text && *cut != ' ') {
        cut--;
    }
    cut = cut == text ? limit : cut;
    report_put_text(out, text, (size_t)(cut - text));
    putc('\n', out);
    return *cut == ' ' ? cut + 1 : cut;
}

void report_put_paragraph(FILE *out, size_t width, const char *text) {
    while (base_text_width(text) > width) {
        text = put_line(out, text, width);
    }
    report_put_text(out, text, strlen(text));
    putc('\n', out);
}

void report_field(FILE *out, report_style style, size_t indent, const char *label, const char *value) {
    size_t has = base_text_width(label), begins = has < indent ? indent : has + 1;
    report_put_title(out, style, label);
    pad(out, begins - has);
    while (value && base_text_width(value) > style.width - begins) {
        value = put_line(out, value, style.width - begins);
        begins = indent;
        pad(out, begins);
    }
    report_put_text(out, value ? value : "-", value ? strlen(value) : 1);
    putc('\n', out);
}

/* ---- Values ---- */

const char *report_format_ms(char buf[32], double value) {
    int digits = 3;
    for (double limit = 1000; digits > 0 && value >= limit; limit *= 10) {
        digits--;
    }
    snprintf(buf, 32, "%.*f", digits, value);
    return buf;
}
