/* The trace file of this process. It is opened for each append and closed again, so the target never meets a
 * descriptor that is not its own, and a target that closes all descriptors does no damage. */
#ifndef PRELOAD_TRACE_FILE_H
#define PRELOAD_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the directory and a new file PROGRAM-PID.moetrace in it, mode 0600, with the file header. Returns 0,
 * or an errno value. */
int preload_file_create(const char *directory, const char *program);
/* Appends whole chunks. Returns 0, or an errno value: then the file is as it was before, as far as the system
 * allows. */
int preload_file_append(const void *bytes, size_t len);
bool preload_file_exists(void);
uint64_t preload_file_bytes(void);
const char *preload_file_path(void);
/* After fork in the child: the file is the parent's. */
void preload_file_forget(void);

#endif
