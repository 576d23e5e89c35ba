/* Queries of `moetrace doctor` to the CUDA driver, CUPTI and Python. Each runs in a child process, so that a crash or a hang does
 * not affect this one. */
#ifndef CLI_DOCTOR_PROBE_H
#define CLI_DOCTOR_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Lines KEY=VALUE; NULL without an answer. */
typedef struct {
    char *text;
} doctor_answers;

/* Queries the driver: driver.init (the result of cuInit), driver.version, driver.devices, driver.name. No answer without
 * libcuda.so.1. doctor_answers_free frees the answers, also those of the other functions. */
doctor_answers doctor_probe_driver(void);

/* Queries the version of CUPTI (cupti.version, cupti.path): of the file at `path` unless it is NULL, else, unless `only` is set, of
 * the system's library. */
doctor_answers doctor_probe_cupti(const char *path, bool only);

/* Queries a Python interpreter without importing torch: python (its version), and if it has torch: torch, torch.cuda (versions;
 * "None" without CUDA) and cupti (the path of torch's CUPTI). */
doctor_answers doctor_probe_python(const char *python);

/* Copies the value of a key, truncated to `size`; false when there is none. */
bool doctor_answer(const doctor_answers *answers, const char *key, char *value, size_t size);
void doctor_answers_free(doctor_answers *answers);

#endif
