/* Standard output as a terminal: its width, colour, and a pager for output that is longer than the screen. */
#ifndef CLI_CLI_TERMINAL_H
#define CLI_CLI_TERMINAL_H

#include "analysis/report/text_table.h"

/* The style for text on standard output. Width: COLUMNS if set, else the terminal's, else REPORT_WIDTH. Colour: on a terminal
 * other than "dumb", unless NO_COLOR is set and not empty. */
report_style cli_terminal_style(void);

/* Text that is collected to be shown at once. */
typedef struct {
    FILE *file; /* NULL: standard output is no terminal, and is to be written to */
    char *text;
    size_t len;
} cli_pager;

/* Begins collecting if standard output is a terminal. Returns the file to write to. */
FILE *cli_pager_begin(cli_pager *pager);

/* Shows what was collected: by MOETRACE_PAGER, else PAGER, else less, if it has more lines than the terminal; by none if that
 * is empty or "cat". The next write error of standard output is left to ferror(stdout). */
void cli_pager_end(cli_pager *pager);

#endif
