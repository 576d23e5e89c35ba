/* See cli_program.h. */
#include "analysis/cli/cli_program.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined __aarch64__
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_X86_64
#endif

#define HEAD_BYTES      4096 /* of a file, that hold its headers */
#define SCRIPTS_NESTED  4
#define STANDARD_SEARCH "/bin:/usr/bin"

static bool is_executable_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool search_path(const char *name, char path[PATH_MAX]) {
    if (strchr(name, '/')) {
        snprintf(path, PATH_MAX, "%s", name);
        return is_executable_file(path);
    }
    const char *directories = getenv("PATH");
    const char *at = directories ? directories : STANDARD_SEARCH;
    for (bool more = *name != '\0'; more; at++) {
        size_t len = strcspn(at, ":");
        snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, at, len ? "/" : "", name);
        if (is_executable_file(path)) {
            return true;
        }
        at += len;
        more = *at != '\0';
    }
    return false;
}

static bool is_privileged(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        return false;
    }
    return ((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
           ((st.st_mode & S_ISGID) && st.st_gid != getgid()) ||
           (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}

static cli_program_kind elf_kind(const unsigned char *head, size_t len) {
    Elf64_Ehdr e;
    if (len < sizeof e) {
        return CLI_PROGRAM_NO_FORMAT;
    }
    memcpy(&e, head, sizeof e);
    if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
        e.e_machine != OWN_MACHINE) {
        return CLI_PROGRAM_FOREIGN;
    }
    for (size_t i = 0; i < e.e_phnum; i++) {
        Elf64_Phdr p;
        if (e.e_phoff > len || sizeof p * (i + 1) > len - e.e_phoff) {
            return CLI_PROGRAM_UNREADABLE;
        }
        memcpy(&p, head + e.e_phoff + sizeof p * i, sizeof p);
        if (p.p_type == PT_INTERP) {
            return CLI_PROGRAM_FINE;
        }
    }
    return CLI_PROGRAM_STATIC;
}

/* The interpreter of a script, from its first line: that which env would run, where that is env. False when there
 * is none. */
static bool script_interpreter(char *line, char *interpreter) {
    char *rest, *first = strtok_r(line + 2, " \t\n", &rest);
    if (!first) {
        return false;
    }
    const char *slash = strrchr(first, '/');
    if (strcmp(slash ? slash + 1 : first, "env") == 0) {
        char *word = strtok_r(NULL, " \t\n", &rest);
        while (word && (word[0] == '-' || strchr(word, '='))) {
            word = strtok_r(NULL, " \t\n", &rest);
        }
        first = word ? word : first;
    }
    return search_path(first, interpreter);
}

static cli_program_kind file_kind(cli_program *program, const char *path, int nested) {
    char head[HEAD_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return CLI_PROGRAM_UNREADABLE;
    }
    ssize_t len = read(fd, head, HEAD_BYTES);
    close(fd);
    if (len < 2) {
        return CLI_PROGRAM_NO_FORMAT;
    }
    head[len] = '\0';
    if (memcmp(head, "#!", 2) == 0) {
        char found[PATH_MAX];
        head[strcspn(head, "\n")] = '\0';
        if (nested == SCRIPTS_NESTED || !script_interpreter(head, found)) {
            return CLI_PROGRAM_MISSING;
        }
        memcpy(program->interpreter, found, sizeof found);
        if (nested == 0) {
            memcpy(program->runner, found, sizeof found);
        }
        return file_kind(program, found, nested + 1);
    }
    if (len < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0) {
        return CLI_PROGRAM_NO_FORMAT;
    }
    return is_privileged(path) ? CLI_PROGRAM_PRIVILEGED : elf_kind((const unsigned char *)head, (size_t)len);
}

void cli_program_inspect(cli_program *program, const char *name) {
    *program = (cli_program){.kind = CLI_PROGRAM_MISSING};
    if (search_path(name, program->path)) {
        program->kind = file_kind(program, program->path, 0);
    } else {
        snprintf(program->path, sizeof program->path, "%s", name);
    }
}

const char *cli_program_file(const cli_program *program) {
    return *program->interpreter ? program->interpreter : program->path;
}

const char *cli_program_obstacle(const cli_program *program) {
    switch (program->kind) {
    case CLI_PROGRAM_STATIC:
        return "is statically linked, so that nothing can be preloaded into it";
    case CLI_PROGRAM_PRIVILEGED:
        return "is setuid, setgid or has capabilities, so that the loader ignores LD_PRELOAD";
    case CLI_PROGRAM_FOREIGN:
        return "is made for another processor than the recorder";
    case CLI_PROGRAM_MISSING:
        return "is not found, cannot be executed, or is a script whose interpreter is not found";
    default:
        return NULL;
    }
}
