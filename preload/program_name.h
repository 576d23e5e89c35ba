/* The program's name at the start of the process. The C library's copy points into the arguments, which a program may overwrite
 * with a title (setproctitle). */
#ifndef PRELOAD_PROGRAM_NAME_H
#define PRELOAD_PROGRAM_NAME_H

/* Stores the name. Called once, from the library's constructor. */
void preload_program_name_init(void);
/* Returns the name. */
const char *preload_program_name(void);
/* Returns the name as a part of a file name: not empty, without separators and control characters, and without `-` or `.` at
 * its beginning. */
const char *preload_program_file_name(void);

#endif
