/* Tables as JSON, CSV, Markdown and LaTeX. */
#include "analysis/report/table_writer.h"

#include "analysis/base/csv.h"
#include "analysis/base/utf8.h"
#include "analysis/report/table_names.h"

#include <stdlib.h>
#include <string.h>

#define LATEX_COLUMNS 5 /* that fit half a page */

static bool is_json(const report_output *out) {
    return out->format == REPORT_JSON || out->format == REPORT_PAGE;
}

void report_output_begin(report_output *out, report_format format, FILE *file) {
    *out = (report_output){.format = format, .file = file, .style = {.width = REPORT_WIDTH}};
    if (is_json(out)) {
        out->reports = cJSON_CreateArray();
    }
}

void report_output_report(report_output *out, const char *trace) {
    out->trace = trace;
    if (out->count++ > 0 && !is_json(out) && !(out->single && out->format == REPORT_CSV)) {
        fputs("\n\n", out->file);
    }
    out->begun = false;
    if (is_json(out)) {
        cJSON *report = cJSON_CreateObject();
        cJSON_AddStringToObject(report, "trace", trace);
        cJSON_AddArrayToObject(report, "tables");
        cJSON_AddItemToArray(out->reports, report);
    }
}

void report_output_line(report_output *out, const char *text) {
    switch (out->format) {
    case REPORT_TEXT:
    case REPORT_MARKDOWN:
        fprintf(out->file, "%s\n", text);
        out->begun = true;
        break;
    case REPORT_CSV:
        fprintf(out->file, "# %s\n", text);
        break;
    case REPORT_LATEX:
        fprintf(out->file, "%% %s\n", text);
        break;
    case REPORT_JSON:
    case REPORT_PAGE:
        break; /* it stands in the tables, too */
    }
}

/* ---- Cells ---- */

static void put_csv_cell(FILE *f, const report_cell *cell) {
    if (cell->number && cell->whole) {
        fprintf(f, "%.0f", cell->value);
    } else if (cell->number) {
        base_csv_number(f, cell->value);
    } else if (!cell->missing) {
        base_csv_text(f, cell->whole_text ? cell->whole_text : cell->text);
    }
}

static void put_markdown(FILE *f, const char *text) {
    for (const char *p = text; *p; p++) {
        if (strchr("|\\`*_<>[]#", *p)) {
            putc('\\', f);
        }
        putc((unsigned char)*p < 0x20 ? ' ' : *p, f);
    }
}

static void put_latex(FILE *f, const char *text) {
    for (const char *p = text; *p; p++) {
        if (strchr("&%$#_{}", *p)) {
            fprintf(f, "\\%c", *p);
        } else if (strchr("~^\\", *p)) {
            fprintf(f, "\\char`\\%c{}", *p);
        } else if (*p == '<' || *p == '>' || *p == '|') {
            fprintf(f, "$%c$", *p);
        } else {
            putc((unsigned char)*p < 0x20 ? ' ' : *p, f);
        }
    }
}

/* For the page a number stands with its text: [value, text]. */
static cJSON *json_of_cell(const report_cell *cell, bool page) {
    if (page && cell->number) {
        cJSON *both = cJSON_CreateArray();
        cJSON_AddItemToArray(both, cJSON_CreateNumber(cell->value));
        cJSON_AddItemToArray(both, cJSON_CreateString(cell->text));
        return both;
    }
    if (cell->missing) {
        return cJSON_CreateNull();
    }
    if (cell->number) {
        return cJSON_CreateNumber(cell->value);
    }
    return cJSON_CreateString(cell->whole_text && !page ? cell->whole_text : cell->text);
}

/* ---- Tables ---- */

const char *report_column_unit(const char *name) {
    static const struct {
        const char *end, *unit;
    } units[] = {
        {"_per_ms", "1/ms"},        {"_ms", "ms"},          {"_us", "us"},   {"_ns", "ns"},
        {"_percent", "%"},          {"gflop", "GFLOP"},     {"mbyte", "MB"}, {"flop_per_byte", "FLOP/B"},
        {"tflop_per_s", "TFLOP/s"}, {"gbyte_per_s", "GB/s"}};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t end = strlen(units[i].end);
        if (len >= end && strcmp(name + len - end, units[i].end) == 0) {
            return units[i].unit;
        }
    }
    return NULL;
}

static void write_csv_table(const report_output *out, const report_table *t) {
    FILE *f = out->file;
    bool traces = out->single && out->several, header = !out->single || out->tables == 0;
    if (!out->single) {
        fprintf(f, "\n# %s: %s\n", t->id, t->title ? t->title : "");
    }
    fputs(header && traces ? "trace," : "", f);
    for (size_t c = 0; header && c < t->column_count; c++) {
        fprintf(f, "%s%s%s", c ? "," : "", t->columns[c].name, c + 1 == t->column_count ? "\n" : "");
    }
    for (size_t i = 0; i < t->count;) {
        if (traces) {
            base_csv_text(f, out->trace);
            putc(',', f);
        }
        for (size_t c = 0; c < t->column_count; c++, i++) {
            put_csv_cell(f, &t->cells[i]);
            putc(c + 1 == t->column_count ? '\n' : ',', f);
        }
    }
}

/* The header, what separates it from the rows, and the rows: what people see of them. */
static void write_markdown_rows(FILE *f, const report_table *t) {
    for (size_t c = 0; c < t->column_count; c++) {
        if (report_table_shown(t, c)) {
            fputs("| ", f);
            put_markdown(f, t->columns[c].title);
            putc(' ', f);
        }
    }
    fputs("|\n", f);
    for (size_t c = 0; c < t->column_count; c++) {
        if (report_table_shown(t, c)) {
            fputs(t->columns[c].alignment == 'r' ? "|---:" : "|:---", f);
        }
    }
    fputs("|\n", f);
    for (size_t i = 0; i < t->count;) {
        for (size_t c = 0; c < t->column_count; c++, i++) {
            if (report_table_shown(t, c)) {
                fputs("| ", f);
                put_markdown(f, t->cells[i].text);
                putc(' ', f);
            }
        }
        fputs("|\n", f);
    }
}

static void write_markdown_table(FILE *f, const report_table *t) {
    fputs("\n## ", f);
    put_markdown(f, t->title ? t->title : "");
    fputs("\n\n", f);
    write_markdown_rows(f, t);
    if (t->notes) {
        putc('\n', f);
        put_markdown(f, t->notes);
        putc('\n', f);
    }
}

/* A cell in its row; the first of a row must not be taken for an argument of the line's end before it. */
static void write_latex_cell(FILE *f, const char *text, bool *first) {
    fputs(*first ? "" : " & ", f);
    if (*first && (*text == '[' || *text == '*')) {
        fputs("{}", f);
    }
    put_latex(f, text);
    *first = false;
}

static void write_latex_rows(FILE *f, const report_table *t) {
    bool first = true;
    for (size_t c = 0; c < t->column_count; c++) {
        if (report_table_shown(t, c)) {
            write_latex_cell(f, t->columns[c].title, &first);
        }
    }
    fputs(" \\\\\n\\midrule\n", f);
    for (size_t i = 0; i < t->count;) {
        first = true;
        for (size_t c = 0; c < t->column_count; c++, i++) {
            if (report_table_shown(t, c)) {
                write_latex_cell(f, t->cells[i].text, &first);
            }
        }
        fputs(" \\\\\n", f);
    }
}

/* Needs the package booktabs. A table of many columns takes both columns of a page. */
static void write_latex_table(FILE *f, const report_table *t) {
    size_t shown = 0;
    for (size_t c = 0; c < t->column_count; c++) {
        shown += report_table_shown(t, c);
    }
    const char *environment = shown > LATEX_COLUMNS ? "table*" : "table";
    fprintf(f, "\n\\begin{%s}\n\\centering\n\\footnotesize\n\\caption{", environment);
    put_latex(f, t->title ? t->title : "");
    fprintf(f, "}\n\\label{tab:%s}\n\\begin{tabular}{", t->id);
    for (size_t c = 0; c < t->column_count; c++) {
        if (report_table_shown(t, c)) {
            putc(t->columns[c].alignment, f);
        }
    }
    fputs("}\n\\toprule\n", f);
    write_latex_rows(f, t);
    fputs("\\bottomrule\n\\end{tabular}\n", f);
    if (t->notes) {
        fputs("\\par\\smallskip ", f);
        put_latex(f, t->notes);
        putc('\n', f);
    }
    fprintf(f, "\\end{%s}\n", environment);
}

static cJSON *json_of_column(const report_column *column) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", column->name);
    cJSON_AddStringToObject(json, "title", column->title ? column->title : column->name);
    if (report_column_unit(column->name)) {
        cJSON_AddStringToObject(json, "unit", report_column_unit(column->name));
    }
    return json;
}

/* The page shows what people see. */
static void add_json_table(cJSON *report, const report_table *t, bool page) {
    cJSON *table = cJSON_CreateObject();
    cJSON_AddStringToObject(table, "id", t->id);
    cJSON_AddStringToObject(table, "title", t->title ? t->title : "");
    cJSON *columns = cJSON_AddArrayToObject(table, "columns"), *rows = cJSON_AddArrayToObject(table, "rows");
    for (size_t c = 0; c < t->column_count; c++) {
        if (!page || report_table_shown(t, c)) {
            cJSON *column = json_of_column(&t->columns[c]);
            if (page) {
                const char alignment[] = {t->columns[c].alignment, '\0'};
                cJSON_AddStringToObject(column, "alignment", alignment);
            }
            cJSON_AddItemToArray(columns, column);
        }
    }
    for (size_t i = 0; i < t->count;) {
        cJSON *row = cJSON_CreateArray();
        for (size_t c = 0; c < t->column_count; c++, i++) {
            if (!page || report_table_shown(t, c)) {
                cJSON_AddItemToArray(row, json_of_cell(&t->cells[i], page));
            }
        }
        cJSON_AddItemToArray(rows, row);
    }
    if (t->notes) {
        cJSON_AddStringToObject(table, "notes", t->notes);
    }
    if (page) {
        cJSON_AddBoolToObject(table, "fields", t->fields);
    }
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(report, "tables"), table);
}

void report_output_table(report_output *out, report_table *t) {
    if (out->selection && !report_selection_has(out->selection, t->id)) {
        report_table_free(t);
        return;
    }
    report_table_distinguish_kernels(t->cells, t->count);
    switch (out->format) {
    case REPORT_TEXT:
        fputs(out->begun ? "\n" : "", out->file);
        out->begun = true;
        out->tables++;
        report_table_end(t, out->file, out->style);
        return;
    case REPORT_CSV:
        write_csv_table(out, t);
        break;
    case REPORT_MARKDOWN:
        write_markdown_table(out->file, t);
        break;
    case REPORT_LATEX:
        write_latex_table(out->file, t);
        break;
    case REPORT_JSON:
    case REPORT_PAGE:
        add_json_table(cJSON_GetArrayItem(out->reports, cJSON_GetArraySize(out->reports) - 1), t,
                       out->format == REPORT_PAGE);
        break;
    }
    out->tables++;
    report_table_free(t);
}

void report_output_end(report_output *out) {
    if (out->format == REPORT_JSON) {
        cJSON *whole = cJSON_CreateObject();
        cJSON_AddNumberToObject(whole, "schema", REPORT_SCHEMA);
        cJSON_AddItemToObject(whole, "reports", out->reports);
        out->reports = NULL;
        char *text = cJSON_Print(whole);
        if (text) {
            size_t len = strlen(text);
            char *clean = base_utf8_clean(text, &len); /* names may hold any bytes */
            fprintf(out->file, "%s\n", clean);
            free(clean);
        }
        cJSON_free(text);
        cJSON_Delete(whole);
    }
}

void report_output_drop(report_output *out) {
    cJSON_Delete(out->reports);
    out->reports = NULL;
}
