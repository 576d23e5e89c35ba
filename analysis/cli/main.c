/* The `moetrace` command: finds the subcommand and runs it. */
#include "analysis/base/alloc.h"
#include "analysis/cli/cli_options.h"
#include "analysis/cli/cli_suggest.h"

#include <stdlib.h>
#include <string.h>

static const cli_command commands[] = {
    {"record", "run a command under the recorder", cli_cmd_record},
    {"report", "report latencies, experts, kernels and completeness", cli_cmd_report},
    {"plot", "plot a report as SVG and PNG files", cli_cmd_plot},
    {"verify", "check that the requested k was applied in every layer", cli_cmd_verify},
    {"diff", "compare two traces", cli_cmd_diff},
    {"dump", "print every record of a trace as text", cli_cmd_dump},
    {"peaks", "measure the peak rates of this machine's GPU", cli_cmd_peaks},
    {"flops", "compute the cost of a model's phases from its shapes", cli_cmd_flops},
    {"export", "convert traces to the formats of other tools", cli_cmd_export},
    {"doctor", "check what stands in the way of recording", cli_cmd_doctor},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void help(FILE *out) {
    fputs("Usage: moetrace COMMAND [OPTION...] [ARGUMENT...]\n"
          "Records what a program does on a GPU and reports on it.\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n"
          "  -h, --help                 show this help; COMMAND --help, or help COMMAND, shows the\n"
          "                             options of a command\n"
          "  -V, --version              show the version\n\n"
          "Examples:\n"
          "  moetrace record -o traces -- python3 your_script.py\n"
          "  moetrace report traces\n\n"
          "Exit status: 0; 1 when verify finds a violation or diff a regression; 2 after one line on\n"
          "standard error that names the error. `moetrace record` exits as its command does.\n",
          out);
}

/* Runs a subcommand with argv[0] naming it whole, as its help shows it. */
static int run_command(const cli_command *command, int argc, char **argv) {
    char name[32];
    snprintf(name, sizeof name, "moetrace %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

static const cli_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const char *name) {
    if (*name == '-') {
        return cli_error("unknown option: %s (see moetrace --help)", name);
    }
    cli_suggestion close = {.text = name, .len = strlen(name)};
    for (size_t i = 0; i < COMMANDS; i++) {
        cli_suggest(&close, commands[i].name);
    }
    cli_suggest(&close, "help");
    if (close.best) {
        return cli_error("unknown command: %s; did you mean %s? (see moetrace --help)", name, close.best);
    }
    return cli_error("unknown command: %s (see moetrace --help)", name);
}

int main(int argc, char **argv) {
    base_alloc_prepare();
    const char *first = argc > 1 ? argv[1] : "";
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
        (strcmp(first, "help") == 0 && argc == 2)) {
        help(stdout);
        return cli_flush();
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        printf("moetrace %s\n", MOETRACE_VERSION);
        return cli_flush();
    }
    if (argc < 2) {
        return cli_error("give a command, such as report (see moetrace --help)");
    }
    bool helps = strcmp(first, "help") == 0;
    const char *name = helps ? argv[2] : first;
    if (helps && argc > 3) {
        return cli_error("help takes one command, and got %s and %s", argv[2], argv[3]);
    }
    const cli_command *command = find_command(name);
    if (!command) {
        return unknown_command(name);
    }
    if (helps) {
        char option[] = "--help", *args[] = {NULL, option, NULL};
        return run_command(command, 2, args);
    }
    return run_command(command, argc - 1, argv + 1);
}
