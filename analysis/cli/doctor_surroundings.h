/* What `moetrace doctor` finds on permission, variables, the system and the directory for traces. */
#ifndef CLI_DOCTOR_SURROUNDINGS_H
#define CLI_DOCTOR_SURROUNDINGS_H

#include "analysis/cli/doctor_findings.h"

/* `output` is the directory that the traces are to go to; it need not exist. */
void doctor_check_surroundings(doctor_report *report, const char *output);

#endif
