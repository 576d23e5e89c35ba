/* A program on a command line: which file it is, and whether the loader would preload a library into it. */
#ifndef CLI_CLI_PROGRAM_H
#define CLI_CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

typedef enum {
    CLI_PROGRAM_FINE,
    CLI_PROGRAM_MISSING,    /* not found, or not executable */
    CLI_PROGRAM_UNREADABLE, /* nothing is known of it */
    CLI_PROGRAM_STATIC,     /* no loader, so no preload */
    CLI_PROGRAM_PRIVILEGED, /* setuid, setgid or with capabilities: the loader ignores LD_PRELOAD */
    CLI_PROGRAM_FOREIGN,    /* for another processor, or not 64 bits */
    CLI_PROGRAM_NO_FORMAT,  /* neither an ELF file nor a script with an interpreter */
} cli_program_kind;

typedef struct {
    cli_program_kind kind;
    char path[PATH_MAX];   /* as PATH leads to it */
    char runner[PATH_MAX]; /* of a script: what its first line names, which may be a script again; else "" */
    char interpreter
        [PATH_MAX]; /* of a script: the program that runs it in the end, which `kind` is about; else "" */
} cli_program;

/* Looks at the program as execvp would find it. */
void cli_program_inspect(cli_program *program, const char *name);

/* The program that is run: the interpreter of a script, else itself. */
const char *cli_program_file(const cli_program *program);

/* What stands in the way of recording it, as a clause; NULL when nothing is known to. */
const char *cli_program_obstacle(const cli_program *program);

#endif
