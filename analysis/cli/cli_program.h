/* Examines a program of a command line: its file, and whether the dynamic loader would preload a library into it. */
#ifndef CLI_CLI_PROGRAM_H
#define CLI_CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

typedef enum {
    CLI_PROGRAM_FINE,
    CLI_PROGRAM_MISSING,    /* not found, or not executable */
    CLI_PROGRAM_UNREADABLE, /* its file cannot be read */
    CLI_PROGRAM_STATIC,     /* statically linked: no loader, so no preload */
    CLI_PROGRAM_PRIVILEGED, /* setuid, setgid or with capabilities: the loader ignores LD_PRELOAD */
    CLI_PROGRAM_FOREIGN,    /* for another processor, or not 64 bits */
    CLI_PROGRAM_NO_FORMAT,  /* neither an ELF file nor a script with an interpreter */
} cli_program_kind;

typedef struct {
    cli_program_kind kind;
    char path[PATH_MAX];   /* as found through PATH */
    char runner[PATH_MAX]; /* of a script: the program in its first line, possibly a script; else "" */
    char interpreter
        [PATH_MAX]; /* of a script: the program that runs it in the end, which `kind` is about; else "" */
} cli_program;

/* Finds the program `name` as execvp does, and sets *program. */
void cli_program_inspect(cli_program *program, const char *name);

/* Returns the path of the file that is executed: the interpreter of a script, else the program. */
const char *cli_program_file(const cli_program *program);

/* Returns the reason why the program cannot be recorded, as a clause; NULL when none is known. */
const char *cli_program_obstacle(const cli_program *program);

#endif
