/* See cli_terminal.h. */
#include "analysis/cli/cli_terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROWEST 40u
#define WIDEST    400u

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Rows and columns of the terminal, 0 if unknown. */
static struct winsize terminal_size(void) {
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        memset(&size, 0, sizeof size);
    }
    return size;
}

report_style cli_terminal_style(void) {
    bool terminal = isatty(STDOUT_FILENO);
    const char *columns = variable("COLUMNS"), *kind = getenv("TERM");
    size_t width = columns ? strtoul(columns, NULL, 10) : 0;
    if (width == 0 && terminal) {
        width = terminal_size().ws_col;
    }
    width = width == 0 ? REPORT_WIDTH : width;
    width = width < NARROWEST ? NARROWEST : width;
    bool dumb = !kind || strcmp(kind, "dumb") == 0;
    return (report_style){.width = width > WIDEST ? WIDEST : width,
                          .colour = terminal && !dumb && !variable("NO_COLOR")};
}

FILE *cli_pager_begin(cli_pager *pager) {
    *pager = (cli_pager){0};
    if (isatty(STDOUT_FILENO)) {
        pager->file = open_memstream(&pager->text, &pager->len);
    }
    return pager->file ? pager->file : stdout;
}

static bool is_longer_than_screen(const cli_pager *pager) {
    size_t lines = 0;
    for (size_t i = 0; i < pager->len; i++) {
        lines += pager->text[i] == '\n';
    }
    size_t rows = terminal_size().ws_row;
    return rows > 0 && lines >= rows;
}

/* As git does: less keeps colours, and leaves the text on the screen. False if the pager could not be started. */
static bool page(const cli_pager *pager) {
    setenv("LESS", "FRX", 0); /* before getenv, whose results it may invalidate */
    const char *command = getenv("MOETRACE_PAGER");
    command = command ? command : getenv("PAGER");
    command = command ? command : "less";
    if (*command == '\0' || strcmp(command, "cat") == 0) {
        return false;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); /* the pager may be left before the end */
    FILE *to = popen(command, "w");
    bool shown = to != NULL;
    if (to) {
        fwrite(pager->text, 1, pager->len, to);
        int status = pclose(to);
        shown = status != 127 << 8; /* the shell found no such command */
    }
    sigaction(SIGPIPE, &before, NULL);
    return shown;
}

void cli_pager_end(cli_pager *pager) {
    if (!pager->file) {
        return;
    }
    bool good = fclose(pager->file) == 0;
    if (good && !(is_longer_than_screen(pager) && page(pager))) {
        fwrite(pager->text, 1, pager->len, stdout);
    }
    free(pager->text);
    *pager = (cli_pager){0};
}
