/* The tables of an export that events are read from. */
#ifndef INPUT_NSYS_NSYS_TABLES_H
#define INPUT_NSYS_NSYS_TABLES_H

#include "analysis/input/nsys/nsys_table_cursor.h"

/* In the order in which rows of equal start are taken from the last to the first: ranges, calls, graphs,
 * nodes, GPU work. */
enum {
    INPUT_NSYS_SYNCS, /* these two only for an export */
    INPUT_NSYS_OVERHEADS,
    INPUT_NSYS_KERNELS,
    INPUT_NSYS_COPIES,
    INPUT_NSYS_MEMSETS,
    INPUT_NSYS_GRAPH_TRACES, /* launches of graphs that were traced as wholes */
    INPUT_NSYS_NODES,
    INPUT_NSYS_GRAPHS,
    INPUT_NSYS_CALLS,
    INPUT_NSYS_RANGES,
    INPUT_NSYS_TABLES
};

/* Fills in names and columns. */
void input_nsys_tables(input_nsys_table tables[INPUT_NSYS_TABLES]);

#endif
