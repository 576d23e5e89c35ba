/* The trace file of this process. It is opened for each append and closed again, so the target never meets a
 * descriptor that is not its own, and a target that closes all descriptors does no damage. Only where the file could not
 * be opened again, or would not be known again, its descriptor stays open. */
#ifndef PRELOAD_TRACE_FILE_H
#define PRELOAD_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stores the start of the recording, `monotonic_ns` (now), for the header of the file that is created later. */
void preload_file_begin(uint64_t monotonic_ns);
/* Creates the directory, and in it a new file PROGRAM-PID.moetrace with mode 0600 and the file header. Returns 0 or an
 * errno value. */
int preload_file_create(const char *directory, const char *program);
/* Appends `len` bytes of complete chunks. Returns 0 or an errno value, and stores in *taken the bytes of the chunks that were
 * written completely. */
int preload_file_append(const uint8_t *chunks, size_t len, size_t *taken);
/* Removes at least PRELOAD_FILE_RESERVE bytes of chunks from the end of the file, if there are as many, so that a trace on a
 * full file system can be closed. Returns the number of removed bytes. */
#define PRELOAD_FILE_RESERVE 1024u
size_t preload_file_cut_back(void);
/* Truncates the file to `bytes`, before the chunk that was appended last. */
void preload_file_cut_to(uint64_t bytes);
/* Whether the file exists, its size in bytes, and its path. */
bool preload_file_exists(void);
uint64_t preload_file_bytes(void);
const char *preload_file_path(void);
/* Keeps the descriptor open from now on, because the target gives up the right to open the file. */
void preload_file_keep(void);
/* After fork in the child: closes the parent's file. */
void preload_file_forget(void);

#endif
