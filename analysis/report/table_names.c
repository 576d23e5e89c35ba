#include "analysis/report/table_names.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/report/short_names.h"

#include <stdlib.h>
#include <string.h>

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

void report_table_distinguish_kernels(report_cell *cells, size_t count) {
    report_short_names wholes = {0}, texts = {0};
    for (size_t i = 0; i < count; i++) {
        if (cells[i].mangled) {
            report_short_names_add(&wholes, cells[i].whole_text, cells[i].mangled);
        }
    }
    for (size_t i = 0; i < count; i++) {
        report_cell *cell = &cells[i];
        if (cell->mangled && report_short_names_shared(&wholes, cell->whole_text)) {
            char *signature = names_kernel_signature(cell->mangled);
            free(cell->whole_text);
            cell->whole_text = base_text_printable(signature, strlen(signature));
            free(signature);
        }
        if (cell->mangled) {
            report_short_names_add(&texts, cell->text, cell->mangled);
        }
    }
    for (size_t i = 0; i < count; i++) {
        report_cell *cell = &cells[i];
        if (cell->mangled && report_short_names_shared(&texts, cell->text)) {
            free(cell->text);
            cell->text = base_copy(cell->whole_text, strlen(cell->whole_text));
        }
    }
    report_short_names_free(&wholes);
    report_short_names_free(&texts);
}
