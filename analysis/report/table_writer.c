/* Tables as JSON, CSV, Markdown and LaTeX. */
#include "analysis/report/table_writer.h"

#include "analysis/base/csv.h"
#include "analysis/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static bool is_json(const report_output *out) {
    return out->format == REPORT_JSON || out->format == REPORT_PAGE;
}

void report_output_begin(report_output *out, report_format format, FILE *file) {
    *out = (report_output){.format = format, .file = file};
    if (is_json(out)) {
        out->reports = cJSON_CreateArray();
    }
}

void report_output_report(report_output *out, const char *trace) {
    if (out->count++ > 0 && !is_json(out)) {
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
        break; /* the tables say it too */
    }
}

/* ---- Cells ---- */

static void put_csv(FILE *f, const report_cell *cell) {
    if (cell->number && cell->whole) {
        fprintf(f, "%.0f", cell->value);
    } else if (cell->number) {
        base_csv_number(f, cell->value);
    } else if (!cell->missing) {
        base_csv_text(f, cell->text);
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
static cJSON *json_of(const report_cell *cell, bool page) {
    if (page && cell->number) {
        cJSON *both = cJSON_CreateArray();
        cJSON_AddItemToArray(both, cJSON_CreateNumber(cell->value));
        cJSON_AddItemToArray(both, cJSON_CreateString(cell->text));
        return both;
    }
    return cell->missing  ? cJSON_CreateNull()
           : cell->number ? cJSON_CreateNumber(cell->value)
                          : cJSON_CreateString(cell->text);
}

/* ---- Tables ---- */

static void csv(FILE *f, const report_table *t) {
    fprintf(f, "\n# %s\n", t->title ? t->title : "");
    for (size_t i = 0; i < t->count; i++) {
        put_csv(f, &t->cells[i]);
        putc((i + 1) % t->columns == 0 ? '\n' : ',', f);
    }
}

static void markdown(FILE *f, const report_table *t) {
    fputs("\n## ", f);
    put_markdown(f, t->title ? t->title : "");
    fputs("\n\n", f);
    for (size_t i = 0; i < t->count; i++) {
        fputs(i % t->columns == 0 ? "| " : " ", f);
        put_markdown(f, t->cells[i].text);
        fputs((i + 1) % t->columns == 0 ? " |\n" : " |", f);
        if (i + 1 == t->columns) {
            for (size_t c = 0; c < t->columns; c++) {
                fputs(t->alignment[c] == 'r' ? "|---:" : "|:---", f);
            }
            fputs("|\n", f);
        }
    }
    if (t->notes) {
        putc('\n', f);
        put_markdown(f, t->notes);
        putc('\n', f);
    }
}

static void latex(FILE *f, const report_table *t) {
    fputs("\n\\begin{table}\n\\caption{", f);
    put_latex(f, t->title ? t->title : "");
    fprintf(f, "}\n\\begin{tabular}{%s}\n\\hline\n", t->alignment);
    for (size_t i = 0; i < t->count; i++) {
        const char *text = t->cells[i].text;
        if (i % t->columns == 0 && (*text == '[' || *text == '*')) {
            fputs("{}", f); /* else it would belong to the end of the line before */
        }
        put_latex(f, text);
        fputs((i + 1) % t->columns == 0 ? " \\\\\n" : " & ", f);
        fputs(i + 1 == t->columns ? "\\hline\n" : "", f);
    }
    fputs("\\hline\n\\end{tabular}\n", f);
    if (t->notes) {
        put_latex(f, t->notes);
        putc('\n', f);
    }
    fputs("\\end{table}\n", f);
}

static void json(cJSON *report, const report_table *t, bool page) {
    cJSON *table = cJSON_CreateObject(), *columns = cJSON_AddArrayToObject(table, "columns");
    cJSON *rows = cJSON_AddArrayToObject(table, "rows");
    cJSON_AddStringToObject(table, "title", t->title ? t->title : "");
    for (size_t i = 0; i < t->columns; i++) {
        cJSON_AddItemToArray(columns, cJSON_CreateString(t->cells[i].text));
    }
    for (size_t i = t->columns; i < t->count;) {
        cJSON *row = cJSON_CreateArray();
        for (size_t c = 0; c < t->columns; c++) {
            cJSON_AddItemToArray(row, json_of(&t->cells[i++], page));
        }
        cJSON_AddItemToArray(rows, row);
    }
    if (t->notes) {
        cJSON_AddStringToObject(table, "notes", t->notes);
    }
    if (page) {
        cJSON_AddStringToObject(table, "alignment", t->alignment);
        cJSON_AddBoolToObject(table, "fields", t->fields);
    }
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(report, "tables"), table);
}

void report_output_table(report_output *out, report_table *t) {
    switch (out->format) {
    case REPORT_TEXT:
        fputs(out->begun ? "\n" : "", out->file);
        out->begun = true;
        report_table_end(t, out->file);
        return;
    case REPORT_CSV:
        csv(out->file, t);
        break;
    case REPORT_MARKDOWN:
        markdown(out->file, t);
        break;
    case REPORT_LATEX:
        latex(out->file, t);
        break;
    case REPORT_JSON:
    case REPORT_PAGE:
        json(cJSON_GetArrayItem(out->reports, cJSON_GetArraySize(out->reports) - 1), t,
             out->format == REPORT_PAGE);
        break;
    }
    report_table_free(t);
}

void report_output_end(report_output *out) {
    if (out->format == REPORT_JSON) {
        char *text = cJSON_Print(out->reports);
        if (text) {
            size_t len = strlen(text);
            char *clean = base_utf8_clean(text, &len); /* names may hold any bytes */
            fprintf(out->file, "%s\n", clean);
            free(clean);
        }
        cJSON_free(text);
        cJSON_Delete(out->reports);
        out->reports = NULL;
    }
}

void report_output_drop(report_output *out) {
    cJSON_Delete(out->reports);
    out->reports = NULL;
}
