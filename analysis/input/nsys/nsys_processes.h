/* Captures that hold several processes: which ones, and one of them alone. */
#ifndef INPUT_NSYS_NSYS_PROCESSES_H
#define INPUT_NSYS_NSYS_PROCESSES_H

#include "analysis/input/nsys/nsys_tables.h"

/* As input_processes (analysis/input/capture_reader.h). */
size_t input_nsys_processes(const char *path, bool guess, uint64_t **list);

/* From now on only rows of this process are read; its number is as input_nsys_processes has it. The error is
 * set when the file holds nothing of it. */
void input_nsys_select_process(input_nsys_cursors *cs, input_nsys_table tables[INPUT_NSYS_TABLES],
                               uint64_t number);

#endif
