/* See doctor_findings.h. */
#include "analysis/cli/doctor_findings.h"

#include "analysis/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void doctor_find(doctor_report *report, doctor_state state, const char *subject, const char *advice,
                 const char *format, ...) {
    static const char *const names[] = {"ok", "warning", "error"};
    va_list args;
    char *line = NULL;
    va_start(args, format);
    int len = vasprintf(&line, format, args);
    va_end(args);
    report->warnings += state == DOCTOR_WARNING;
    report->errors += state == DOCTOR_ERROR;
    if (len >= 0) {
        char *printable = base_text_printable(line, (size_t)len);
        printf("%-8s %-12s %s\n", names[state], subject, printable);
        free(printable);
        free(line);
    }
    if (advice) {
        printf("%-8s %-12s %s\n", "", "", advice);
    }
}
