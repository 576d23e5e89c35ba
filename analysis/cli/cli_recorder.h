/* Finds the recorder and preloads it into a command. */
#ifndef CLI_CLI_RECORDER_H
#define CLI_CLI_RECORDER_H

#include <limits.h>
#include <stdbool.h>

#define CLI_RECORDER "libmoetrace.so"

/* Stores the path of the recorder: beside this program (build folder), or installed in ../lib or ../lib/moetrace. False with one
 * line in `why` when it is not found. */
bool cli_recorder_find(char path[PATH_MAX], char why[PATH_MAX + 256]);

/* Adds the recorder to LD_PRELOAD of this process, for the command; false with errno set. */
bool cli_recorder_preload(const char *recorder);

#endif
