/* The program's name, as it was when the process started. The C library's own copy points into the arguments,
 * which a program may overwrite with a title (setproctitle). */
#ifndef PRELOAD_PROGRAM_NAME_H
#define PRELOAD_PROGRAM_NAME_H

/* Remembers the name. Called once, from the library's constructor. */
void preload_program_name_init(void);
const char *preload_program_name(void);
/* The same as part of a file name: no separator and no control character, no `-` or `.` at its beginning, not
 * empty. */
const char *preload_program_file_name(void);

#endif
