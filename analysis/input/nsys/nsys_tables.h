/* The tables of an export from which events are read. */
#ifndef INPUT_NSYS_NSYS_TABLES_H
#define INPUT_NSYS_NSYS_TABLES_H

#include "analysis/input/nsys/nsys_table_cursor.h"

/* Of rows with the same start, those of a later table precede: ranges, calls, graphs, nodes, GPU work. */
enum {
    INPUT_NSYS_SYNCS, /* this and the next are read by input_read_details only */
    INPUT_NSYS_OVERHEADS,
    INPUT_NSYS_KERNELS,
    INPUT_NSYS_COPIES,
    INPUT_NSYS_MEMSETS,
    INPUT_NSYS_GRAPH_TRACES, /* graph launches with one record for the whole graph */
    INPUT_NSYS_NODES,
    INPUT_NSYS_GRAPHS,
    INPUT_NSYS_CALLS,
    INPUT_NSYS_RANGES,
    INPUT_NSYS_TABLES
};

/* Sets the names and the columns of all tables, which are zeroed. */
void input_nsys_tables(input_nsys_table tables[INPUT_NSYS_TABLES]);

#endif
