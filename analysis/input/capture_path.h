/* Paths of captures: FILE, or FILE#PROCESS for one process of an SQLite export. */
#ifndef INPUT_CAPTURE_PATH_H
#define INPUT_CAPTURE_PATH_H

#include <stddef.h>
#include <stdint.h>

/* Returns the length of FILE in `path`, in bytes, and stores PROCESS (a number as in input_processes). When the path does not
 * end in # and digits, or a file with this whole name exists, returns the whole length, and *process is undefined. */
size_t input_capture_file(const char *path, uint64_t *process);

#endif
