/* The making of CUDA graphs and of their nodes, by which replayed work can be led back to where it was
 * captured. */
#include "analysis/base/alloc.h"
#include "analysis/base/u64_map.h"
#include "analysis/export/export_nsys_internal.h"

#include <stdlib.h>

enum { CLASS_NODE = 77, CLASS_GRAPH = 95 };

/* Where graphs were begun. */
typedef struct {
    base_map by_id; /* process and graph id -> list */
    events_node *list;
    size_t count, cap;
} graph_beginnings;

static uint64_t graph_key(const export_nsys_file *w, const events_node *row, uint32_t graph) {
    return (uint64_t)w->rows->threads[row->thread].source << 32 | graph;
}

static void keep_beginning(const export_nsys_file *w, graph_beginnings *b, const events_node *row) {
    b->list = base_grow(b->list, &b->cap, b->count + 1, sizeof *b->list);
    b->list[b->count] = *row;
    base_map_put(&b->by_id, graph_key(w, row, row->graph), (uint32_t)b->count++);
}

/* A node of a graph that is inside of another one is told as the outer one's, and its id begins with the inner one's: for
 * readers of the file, which know that id alone, the inner graph was begun where the outer one was. True with its row. */
static bool inner_graph(const export_nsys_file *w, graph_beginnings *b, const events_node *row,
                        events_node *inner) {
    uint32_t id = (uint32_t)(row->id >> 32), at;
    if (id == row->graph || id == 0 || base_map_get(&b->by_id, graph_key(w, row, id)) != BASE_NONE ||
        (at = base_map_get(&b->by_id, graph_key(w, row, row->graph))) >= b->count) { /* BASE_NONE, too */
        return false;
    }
    *inner = b->list[at];
    inner->id = inner->graph = id;
    keep_beginning(w, b, inner);
    return true;
}

/* What both tables begin with. */
static void bind_graph_event(const export_nsys_file *w, sqlite3_stmt *s, const events_node *row, int class,
                             int64_t name) {
    sqlite3_bind_int64(s, 1, export_nsys_since(w, row->time));
    sqlite3_bind_int(s, 2, class);
    sqlite3_bind_int64(s, 3, export_nsys_thread(w, row->thread));
    sqlite3_bind_int64(s, 4, name);
    sqlite3_bind_int64(s, 5, (int64_t)row->id);
}

void export_nsys_write_nodes(export_nsys_file *w) {
    const events_node *row;
    events_node inner;
    graph_beginnings beginnings = {0};
    sqlite3_stmt *graphs =
        export_nsys_prepare(w, "INSERT INTO CUDA_GRAPH_EVENTS VALUES(?1, ?1, ?2, ?3, ?4, ?5, NULL, NULL)");
    sqlite3_stmt *nodes =
        export_nsys_prepare(w, "INSERT INTO CUDA_GRAPH_NODE_EVENTS VALUES(?1, ?1, ?2, ?3, ?4, ?5, ?6)");
    int64_t graph_name = export_nsys_text(w, "Graph Creation");
    int64_t node_name = export_nsys_text(w, "Graph Node Creation");
    while (!*w->error && (row = base_sorter_next(w->rows->nodes)) != NULL) {
        if (!row->is_node) {
            bind_graph_event(w, graphs, row, CLASS_GRAPH, graph_name);
            export_nsys_step(w, graphs);
            keep_beginning(w, &beginnings, row);
            continue;
        }
        if (inner_graph(w, &beginnings, row, &inner)) {
            bind_graph_event(w, graphs, &inner, CLASS_GRAPH, graph_name);
            export_nsys_step(w, graphs);
        }
        bind_graph_event(w, nodes, row, CLASS_NODE, node_name);
        if (row->original) {
            sqlite3_bind_int64(nodes, 6, (int64_t)row->original);
        } else {
            sqlite3_bind_null(nodes, 6);
        }
        export_nsys_step(w, nodes);
    }
    base_map_free(&beginnings.by_id);
    free(beginnings.list);
    sqlite3_finalize(graphs);
    sqlite3_finalize(nodes);
}
