/* NVTX's events in Nsight Systems' layout. */
#include "analysis/export/export_nsys_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Event types of NVTX_EVENTS. */
enum { TYPE_MARK = 34, TYPE_PUSH_POP = 59, TYPE_START_END = 60, TYPE_DOMAIN = 75 };

/* A row of NVTX_EVENTS that is no range: a domain is made, or a definition. */
typedef struct {
    int64_t start;
    uint32_t index; /* into domains, or into definitions */
    bool definition;
} creation;

static int compare_definition_times(const void *a, const void *b) {
    const creation *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    order = order ? order : (x->definition > y->definition) - (x->definition < y->definition);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* When the domain was made, from an imported capture; else the start of the file, since no recorder noted
 * it. */
static int64_t domain_creation_time(const export_nsys_file *w, const events_domain *domain) {
    char key[300];
    snprintf(key, sizeof key, "nsys.domain.%s", export_name(w->rows, domain->name));
    const char *text = events_source_meta(&w->rows->sources[domain->source], key);
    return text ? strtoll(text, NULL, 10) : 0;
}

/* A thread of the process: the domain's row needs one. */
static uint32_t find_any_thread(const export_nsys_file *w, uint32_t source) {
    for (size_t i = 0; i < w->rows->thread_count; i++) {
        if (w->rows->threads[i].source == source) {
            return (uint32_t)i;
        }
    }
    return BASE_NONE;
}

static void write_nvtx_definition(export_nsys_file *w, sqlite3_stmt *s, const creation *c) {
    const events_definition *row = &w->rows->definitions[c->index];
    export_nsys_bind(s, 1, c->start);
    export_nsys_bind(s, 3, row->type);
    if (row->type == EVENTS_CATEGORY) {
        export_nsys_bind(s, 5, row->category);
    }
    if (row->name != BASE_NONE) {
        export_nsys_bind_text(s, 7, export_name(w->rows, row->name));
    }
    export_nsys_bind(s, 8, export_nsys_thread(w, row->thread));
    export_nsys_bind(s, 11, row->domain == BASE_NONE ? 0 : w->domain_ids[row->domain]);
}

static void write_domain_row(export_nsys_file *w, sqlite3_stmt *s, const creation *c) {
    const events_domain *domain = &w->rows->domains[c->index];
    uint32_t thread = find_any_thread(w, domain->source);
    export_nsys_bind(s, 1, c->start);
    export_nsys_bind(s, 3, TYPE_DOMAIN);
    export_nsys_bind_text(s, 7, export_name(w->rows, domain->name));
    if (thread != BASE_NONE) {
        export_nsys_bind(s, 8, export_nsys_thread(w, thread));
    }
    export_nsys_bind(s, 11, w->domain_ids[c->index]);
}

static void write_domain_creation(export_nsys_file *w, sqlite3_stmt *s, const creation *c) {
    sqlite3_clear_bindings(s);
    if (c->definition) {
        write_nvtx_definition(w, s, c);
    } else {
        write_domain_row(w, s, c);
    }
    export_nsys_step(w, s);
    sqlite3_clear_bindings(s);
}

static void bind_range_payload(sqlite3_stmt *s, const events_range *row) {
    double f64;
    float f32;
    uint32_t low = (uint32_t)row->payload;
    for (int column = 12; column <= 17; column++) {
        sqlite3_bind_null(s, column);
    }
    switch (row->payload_type) {
    case TRACE_PAYLOAD_U64:
    case TRACE_PAYLOAD_I64:
        export_nsys_bind(s, row->payload_type == TRACE_PAYLOAD_U64 ? 12 : 13, (int64_t)row->payload);
        break;
    case TRACE_PAYLOAD_F64:
        memcpy(&f64, &row->payload, sizeof f64);
        sqlite3_bind_double(s, 14, f64);
        break;
    case TRACE_PAYLOAD_U32:
        export_nsys_bind(s, 15, low);
        break;
    case TRACE_PAYLOAD_I32:
        export_nsys_bind(s, 16, (int32_t)low);
        break;
    case TRACE_PAYLOAD_F32:
        memcpy(&f32, &low, sizeof f32);
        sqlite3_bind_double(s, 17, (double)f32);
        break;
    default:
        break;
    }
}

static void write_range_row(export_nsys_file *w, sqlite3_stmt *s, const events_range *row) {
    static const int types[] = {TYPE_PUSH_POP, TYPE_START_END, TYPE_MARK};
    const names_entry *name = &w->rows->names.list[row->name];
    int64_t text = export_nsys_string(w, row->name);
    export_nsys_bind(s, 1, export_nsys_since(w, row->start));
    /* One that was open at the end of its trace ends with the file, as one that nsys finds open does. */
    uint64_t later =
        row->left_open ? w->rows->last - w->rows->sources[w->rows->threads[row->thread].source].last : 0;
    export_nsys_bind(s, 2, export_nsys_since(w, row->end + later));
    if (row->style == EVENTS_MARK) {
        sqlite3_bind_null(s, 2);
    }
    export_nsys_bind(s, 3, types[row->style]);
    /* Ids from 2 to the power of 62 on are an import's own. */
    export_nsys_bind_unless_0(s, 4, row->style == EVENTS_START_END && row->id >> 62 == 0 ? row->id : 0);
    export_nsys_bind_unless_0(s, 5, row->category);
    export_nsys_bind_unless_0(s, 6, row->color);
    size_t len = name->len;
    char *clean = base_utf8_clean(name->text, &len);
    sqlite3_bind_text(s, 7, clean, (int)len, free);
    export_nsys_bind(s, 8, export_nsys_thread(w, row->thread));
    if (row->end_thread == row->thread) {
        sqlite3_bind_null(s, 9);
    } else {
        export_nsys_bind(s, 9, export_nsys_thread(w, row->end_thread));
    }
    export_nsys_bind(s, 10, text);
    export_nsys_bind(s, 11, row->domain == BASE_NONE ? 0 : w->domain_ids[row->domain]);
    bind_range_payload(s, row);
    export_nsys_step(w, s);
}

void export_nsys_write_ranges(export_nsys_file *w) {
    const events_range *row;
    size_t domains = w->rows->domain_count, count = domains + w->rows->definition_count, next = 0;
    creation *made = base_alloc(count, sizeof *made);
    for (size_t i = 0; i < domains; i++) {
        made[i] = (creation){.start = domain_creation_time(w, &w->rows->domains[i]), .index = (uint32_t)i};
    }
    for (size_t i = domains; i < count; i++) {
        const events_definition *d = &w->rows->definitions[i - domains];
        made[i] = (creation){
            .start = export_nsys_since(w, d->time), .index = (uint32_t)(i - domains), .definition = true};
    }
    qsort(made, count, sizeof *made, compare_definition_times);
    sqlite3_stmt *s =
        export_nsys_prepare(w, "INSERT INTO NVTX_EVENTS VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                               "?11, ?12, ?13, ?14, ?15, ?16, ?17, NULL, NULL, NULL)");
    while (!*w->error && (row = base_sorter_next(w->rows->ranges)) != NULL) {
        for (; next < count && made[next].start <= export_nsys_since(w, row->start); next++) {
            write_domain_creation(w, s, &made[next]);
        }
        write_range_row(w, s, row);
    }
    for (; next < count; next++) {
        write_domain_creation(w, s, &made[next]);
    }
    sqlite3_finalize(s);
    free(made);
}
