/* moetrace doctor: what stands in the way of recording, here and in a program. */
#include "analysis/cli/cli_options.h"
#include "analysis/cli/doctor_program.h"
#include "analysis/cli/doctor_surroundings.h"

#define FOUND_ERRORS 1 /* the exit status then */

typedef struct {
    const char *output, *command;
} doctor_arguments;

static error_t parse_doctor(int key, char *arg, struct argp_state *state) {
    doctor_arguments *a = state->input;
    switch (key) {
    case 'o':
        a->output = arg;
        return 0;
    case ARGP_KEY_ARG: /* the program: what follows is its own */
        a->command = arg;
        state->next = state->argc;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "directory that the traces are to go to (default: this one)", 0}, CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_doctor,
    "[--] [CMD [ARG...]]",
    "Checks what stands in the way of recording on this machine, and in CMD.\vRecorder, CMD, torch, CUDA "
    "driver, "
    "CUPTI, permission, other tools, system and the directory for traces: each finding is ok, a warning or "
    "an "
    "error, with what to do about it. CMD is not run; when it is a Python, that Python is asked whether it "
    "has "
    "torch. No GPU is needed.\n\n"
    "Examples:\n"
    "  moetrace doctor\n"
    "  moetrace doctor -- python3 serve.py\n"
    "  moetrace doctor -o traces ./run_native\n\n"
    "Exit status: 0; 1 when a finding is an error; 2 after one line on standard error that names a mistake.",
    NULL,
    NULL,
    NULL};

static void print_finding_count(size_t count, const char *one, const char *many) {
    if (count == 0) {
        printf("no %s", many);
    } else {
        printf("%zu %s", count, count == 1 ? one : many);
    }
}

int cli_cmd_doctor(int argc, char **argv) {
    doctor_arguments a = {.output = "."};
    doctor_report report = {0};
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    doctor_check_program(&report, a.command);
    doctor_check_surroundings(&report, a.output);
    print_finding_count(report.errors, "error", "errors");
    printf(", ");
    print_finding_count(report.warnings, "warning", "warnings");
    printf("\n");
    status = cli_flush();
    return status == CLI_OK && report.errors > 0 ? FOUND_ERRORS : status;
}
