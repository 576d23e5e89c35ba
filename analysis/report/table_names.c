#include "analysis/report/table_names.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/names/name_table.h"

#include <stdlib.h>
#include <string.h>

/* Short forms of texts, and which of them stand for more than one text. */
typedef struct {
    names_table shorts, wholes;
    base_map whole_of; /* short -> the whole text that it stood for first */
    base_map shared;   /* short -> 1: it stands for several */
} short_forms;

static void add_short_form(short_forms *f, const char *shortened, const char *whole) {
    uint32_t at = names_intern(&f->shorts, shortened, strlen(shortened));
    uint32_t of = names_intern(&f->wholes, whole, strlen(whole)), first = base_map_get(&f->whole_of, at);
    if (first == BASE_NONE) {
        base_map_put(&f->whole_of, at, of);
    } else if (first != of) {
        base_map_put(&f->shared, at, 1);
    }
}

static bool is_shared(const short_forms *f, const char *shortened) {
    uint32_t at = names_find(&f->shorts, shortened, strlen(shortened));
    return at != BASE_NONE && base_map_get(&f->shared, at) == 1;
}

static void free_short_forms(short_forms *f) {
    names_free(&f->shorts);
    names_free(&f->wholes);
    base_map_free(&f->whole_of);
    base_map_free(&f->shared);
}

void report_table_kernel(report_table *t, const char *mangled, size_t width) {
    char *text = names_kernel_display(mangled, width);
    report_table_cell(t, "%s", text);
    free(text);
    report_cell *cell = &t->cells[t->count - 1];
    char *whole = names_kernel_display(mangled, SIZE_MAX);
    cell->whole_text = base_text_printable(whole, strlen(whole));
    cell->mangled = base_copy(mangled, strlen(mangled));
    free(whole);
}

void report_table_distinguish_kernels(report_table *t) {
    short_forms wholes = {0}, texts = {0};
    for (size_t i = 0; i < t->count; i++) {
        if (t->cells[i].mangled) {
            add_short_form(&wholes, t->cells[i].whole_text, t->cells[i].mangled);
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        report_cell *cell = &t->cells[i];
        if (cell->mangled && is_shared(&wholes, cell->whole_text)) {
            char *signature = names_kernel_signature(cell->mangled);
            free(cell->whole_text);
            cell->whole_text = base_text_printable(signature, strlen(signature));
            free(signature);
        }
        if (cell->mangled) {
            add_short_form(&texts, cell->text, cell->mangled);
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        report_cell *cell = &t->cells[i];
        if (cell->mangled && is_shared(&texts, cell->text)) {
            free(cell->text);
            cell->text = base_copy(cell->whole_text, strlen(cell->whole_text));
        }
    }
    free_short_forms(&wholes);
    free_short_forms(&texts);
}

char **report_table_shorten_column(const report_table *t, size_t column, size_t width) {
    size_t rows = report_table_rows(t);
    char **texts = base_alloc(rows, sizeof *texts);
    short_forms forms = {0};
    for (size_t i = 0; i < rows; i++) {
        const char *text = t->cells[i * t->column_count + column].text;
        texts[i] = base_text_shorten(text, width);
        add_short_form(&forms, texts[i], text);
    }
    for (size_t i = 0; i < rows; i++) {
        if (is_shared(&forms, texts[i])) {
            const char *text = t->cells[i * t->column_count + column].text;
            free(texts[i]);
            texts[i] = base_copy(text, strlen(text));
        }
    }
    free_short_forms(&forms);
    return texts;
}
