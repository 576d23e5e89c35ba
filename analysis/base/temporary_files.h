/* Temporary files that nothing leaves behind: a run that is interrupted (SIGINT, SIGTERM and the like)
 * removes the files that are registered here. */
#ifndef BASE_TEMPORARY_FILES_H
#define BASE_TEMPORARY_FILES_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Registers a path before it is made: from now on a signal that ends the program removes it, folders after
 * files. */
void base_temporary_register(const char *path, bool folder);

/* Forgets it again, after it was renamed or removed. */
void base_temporary_forget(const char *path);

/* The process that writes temporary files now, or 0: it is ended before they are removed. */
void base_temporary_writer(pid_t child);

/* Makes an empty file `path`.XXXXXX with the access rights of any new file, and registers it. An open
 * descriptor with its name in *name, which the caller frees; -1 with errno. */
int base_temporary_beside(const char *path, char **name);

/* The same for a folder that only its owner may enter: 0, or -1 with errno. */
int base_temporary_folder_beside(const char *path, char **name);

/* Opens a file without a name in $TMPDIR, or in /tmp, for writing and reading; NULL with errno. */
FILE *base_temporary_unnamed(void);

#endif
