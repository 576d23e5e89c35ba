/* Temporary files: a signal that ends the program (SIGINT, SIGTERM, SIGHUP and others) first removes the files that are
 * registered here. */
#ifndef BASE_TEMPORARY_FILES_H
#define BASE_TEMPORARY_FILES_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Registers a path, before the file or directory is created, for removal on a signal; directories are removed after
 * files. */
void base_temporary_register(const char *path, bool folder);

/* Unregisters a path after it was renamed or removed. */
void base_temporary_forget(const char *path);

/* Registers the child process that writes temporary files, which a signal ends before it removes them; 0: none. */
void base_temporary_writer(pid_t child);

/* Creates and registers an empty file `path`.XXXXXX with the permissions of a new file (0666 minus the umask). Returns an
 * open descriptor and stores the name in *name, which the caller frees; -1 with errno on failure. */
int base_temporary_beside(const char *path, char **name);

/* The same for a directory with mode 0700. Returns 0, or -1 with errno. */
int base_temporary_folder_beside(const char *path, char **name);

/* Opens an unnamed file in $TMPDIR, or in /tmp, for reading and writing; NULL with errno on failure. */
FILE *base_temporary_unnamed(void);

#endif
