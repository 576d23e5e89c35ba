/* Paths of captures: FILE, or FILE#PROCESS for one process of an SQLite export. */
#ifndef INPUT_CAPTURE_PATH_H
#define INPUT_CAPTURE_PATH_H

#include <stddef.h>
#include <stdint.h>

/* A path may name one process of an SQLite export: FILE#PROCESS. The length of FILE, with the number in
 * *process; the whole length when the path names no process, or a file has that very name. */
size_t input_capture_file(const char *path, uint64_t *process);

#endif
