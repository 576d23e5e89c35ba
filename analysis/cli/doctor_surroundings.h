/* Checks of `moetrace doctor`: permissions, environment variables, the system, and the output directory. */
#ifndef CLI_DOCTOR_SURROUNDINGS_H
#define CLI_DOCTOR_SURROUNDINGS_H

#include "analysis/cli/doctor_findings.h"

/* Runs the checks and prints their findings. `output` is the directory for the traces; it need not exist. */
void doctor_check_surroundings(doctor_report *report, const char *output);

#endif
