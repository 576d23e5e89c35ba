/* The making of CUDA graphs and of their nodes, by which replayed work can be led back to where it was
 * captured. */
#include "analysis/export/export_nsys_internal.h"

enum { CLASS_NODE = 77, CLASS_GRAPH = 95 };

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
            continue;
        }
        bind_graph_event(w, nodes, row, CLASS_NODE, node_name);
        if (row->original) {
            sqlite3_bind_int64(nodes, 6, (int64_t)row->original);
        } else {
            sqlite3_bind_null(nodes, 6);
        }
        export_nsys_step(w, nodes);
    }
    sqlite3_finalize(graphs);
    sqlite3_finalize(nodes);
}
