/* The recorder: where it lies, and how it gets into a command. */
#ifndef CLI_CLI_RECORDER_H
#define CLI_CLI_RECORDER_H

#include <limits.h>
#include <stdbool.h>

#define CLI_RECORDER "libmoetrace.so"

/* Finds it near this program: in the build folder beside it, installed in ../lib or ../lib/moetrace. False, with
 * one line in `why`. */
bool cli_recorder_find(char path[PATH_MAX], char why[PATH_MAX + 256]);

/* Sets LD_PRELOAD for the command; false with errno. */
bool cli_recorder_preload(const char *recorder);

#endif
