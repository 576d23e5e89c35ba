/* Captures of several processes: the list of processes, and the selection of one. */
#ifndef INPUT_NSYS_NSYS_PROCESSES_H
#define INPUT_NSYS_NSYS_PROCESSES_H

#include "analysis/input/nsys/nsys_tables.h"

/* input_processes (analysis/input/capture_reader.h) for an SQLite export. */
size_t input_nsys_processes(const char *path, bool guess, uint64_t **list);

/* Restricts the cursors to the rows of one process, given as input_nsys_processes returns it. Sets the connection's error when
 * the file has no row of it. */
void input_nsys_select_process(input_nsys_cursors *cs, input_nsys_table tables[INPUT_NSYS_TABLES],
                               uint64_t number);

#endif
