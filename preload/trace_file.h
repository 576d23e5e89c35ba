/* The trace file of this process. It is opened for each append and closed again, so the target never meets a
 * descriptor that is not its own, and a target that closes all descriptors does no damage. Only where the file could not
 * be opened again, or would not be known again, its descriptor stays open. */
#ifndef PRELOAD_TRACE_FILE_H
#define PRELOAD_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The recording begins: `monotonic_ns` is now, and goes into the header of the file that is made later. */
void preload_file_begin(uint64_t monotonic_ns);
/* Makes the directory and a new file PROGRAM-PID.moetrace in it, mode 0600, with the file header. Returns 0,
 * or an errno value. */
int preload_file_create(const char *directory, const char *program);
/* Appends whole chunks. Returns 0, or an errno value; *taken is how many bytes of them, chunk by whole chunk,
 * are in the file now. */
int preload_file_append(const uint8_t *chunks, size_t len, size_t *taken);
/* Takes at least PRELOAD_FILE_RESERVE bytes of chunks off the end of the file again, if there are so many, so
 * that the trace can be closed where nothing fits any more. Returns how many bytes that were. */
#define PRELOAD_FILE_RESERVE 1024u
size_t preload_file_cut_back(void);
/* Takes off what was appended last: the file has `bytes` again. */
void preload_file_cut_to(uint64_t bytes);
bool preload_file_exists(void);
uint64_t preload_file_bytes(void);
const char *preload_file_path(void);
/* From now on the descriptor stays open: the target gives up the right to open the file. */
void preload_file_keep(void);
/* After fork in the child: the file is the parent's. */
void preload_file_forget(void);

#endif
