/* Checks of `moetrace doctor`: the recorder, the program, the driver, CUPTI and torch. */
#ifndef CLI_DOCTOR_PROGRAM_H
#define CLI_DOCTOR_PROGRAM_H

#include "analysis/cli/doctor_findings.h"

/* Runs the checks and prints their findings. `command` is the program to be recorded, or NULL. */
void doctor_check_program(doctor_report *report, const char *command);

#endif
