/* The findings of `moetrace doctor`. */
#ifndef CLI_DOCTOR_FINDINGS_H
#define CLI_DOCTOR_FINDINGS_H

#include <stddef.h>

typedef enum { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_ERROR } doctor_state;

typedef struct {
    size_t warnings, errors;
} doctor_report;

/* Counts a finding and prints it as a line on `subject`, followed by a line with `advice`, unless that is NULL. */
void doctor_find(doctor_report *report, doctor_state state, const char *subject, const char *advice,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
