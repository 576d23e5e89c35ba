/* What `moetrace doctor` asks of others: the CUDA driver, CUPTI and a Python are asked in a process of their own, so
 * that whatever they do, the answer is a text. */
#ifndef CLI_DOCTOR_PROBE_H
#define CLI_DOCTOR_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Lines KEY=VALUE; NULL when nobody answered. */
typedef struct {
    char *text;
} doctor_answers;

/* Asks the driver: driver.init (cuInit's result), driver.version, driver.devices, driver.name. Without libcuda.so.1
 * there is no answer. */
doctor_answers doctor_probe_driver(void);

/* Asks CUPTI for its version (cupti.version, cupti.path): that at `path`, unless it is NULL, then the system's, unless
 * `only` that at `path` counts. */
doctor_answers doctor_probe_cupti(const char *path, bool only);

/* Asks a Python, without an import of torch: python, and where it has torch: torch, torch.cuda ("None" without CUDA) and
 * cupti (the CUPTI that it ships). */
doctor_answers doctor_probe_python(const char *python);

/* Copies the value; false when there is none. */
bool doctor_answer(const doctor_answers *answers, const char *key, char *value, size_t size);
void doctor_answers_free(doctor_answers *answers);

#endif
