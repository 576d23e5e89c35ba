/* META entries about data that a capture lacks, and about the meaning of its marks. */
#include "analysis/input/nsys/nsys_internal.h"

#include "trace/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Creation times of domains, for an export: a trace has no record for them. */
static void emit_domain_creations(input_nsys_reading *rd) {
    char key[300], value[32];
    for (size_t i = 0; i < rd->creation_count; i++) {
        snprintf(key, sizeof key, "nsys.domain.%s", input_nsys_name(&rd->capture, rd->creations[i].name));
        snprintf(value, sizeof value, "%" PRId64, rd->creations[i].start);
        input_nsys_detail(&rd->capture, key, value);
    }
}

/* The number of a table in the keys of notes, which does not change when tables are added. */
static int number_of_note(int table) {
    return table < INPUT_NSYS_GRAPH_TRACES ? table : table - 1;
}

/* Lists columns that the file's tables lack, and for an export the missing parts of kernels' shapes. */
static void note_absent_columns(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    for (int i = 0; i < INPUT_NSYS_TABLES && cap->db.stop == 0; i++) {
        const input_nsys_table *t = &rd->tables[i];
        char key[64], list[1000] = " ", text[1200];
        size_t n = 1;
        bool noted = t->present && i != INPUT_NSYS_GRAPH_TRACES;
        for (int c = 0; noted && t->columns[c]; c++) {
            if (!input_nsys_has_column(&cap->db, t->name, t->columns[c])) {
                n += (size_t)snprintf(list + n, sizeof list - n, "%s ", t->columns[c]);
            }
        }
        if (n > 1) {
            snprintf(key, sizeof key, "note.nsys.columns.%d", number_of_note(i));
            snprintf(text, sizeof text, "table %s has no column%.*s: the values of these columns are missing",
                     t->name, (int)n - 1, list);
            input_nsys_meta(cap, key, text);
        }
        if (i == INPUT_NSYS_KERNELS) {
            input_nsys_detail(cap, "import.absent", list);
        }
    }
}

void input_nsys_note_marks(input_nsys_reading *rd) {
    input_nsys_capture *cap = &rd->capture;
    for (size_t i = 0; cap->marks_of_program && !rd->noted_marks && i < rd->creation_count; i++) {
        if (strcmp(input_nsys_name(cap, rd->creations[i].name), TRACE_PROFILING_DOMAIN) == 0) {
            rd->noted_marks = true;
            input_nsys_meta(cap, INPUT_MARKS, INPUT_MARKS_TEXT);
        }
    }
}

void input_nsys_emit_notes(input_nsys_reading *rd) {
    emit_domain_creations(rd);
    static const char *const what[] = {NULL, NULL, "kernels", "copies",     "memsets",
                                       NULL, NULL, NULL,      "CUDA calls", "NVTX ranges"};
    char key[64], text[300];
    for (int i = 0; i < INPUT_NSYS_TABLES; i++) {
        const input_nsys_table *t = &rd->tables[i];
        if (!what[i]) { /* a capture need not have graphs */
            continue;
        }
        if (!t->present) {
            snprintf(key, sizeof key, "note.nsys.%d", number_of_note(i));
            snprintf(text, sizeof text, "%s: the file has no table %s: none ran, or they were not captured",
                     what[i], t->name);
            input_nsys_meta(&rd->capture, key, text);
        } else if (t->unusable > 0) {
            snprintf(key, sizeof key, "note.nsys.%d", number_of_note(i));
            snprintf(text, sizeof text, "%s: %" PRIu64 " rows of table %s without a valid time were left out",
                     what[i], t->unusable, t->name);
            input_nsys_meta(&rd->capture, key, text);
        }
    }
    note_absent_columns(rd);
    input_nsys_note_marks(rd);
    if (rd->process_count > 1) {
        snprintf(text, sizeof text,
                 "the file holds %zu processes; they are shown as one here (FILE#PID is one alone)",
                 rd->process_count);
        input_nsys_meta(&rd->capture, INPUT_SEVERAL, text);
    }
}
