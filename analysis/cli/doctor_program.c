/* See doctor_program.h. */
#include "analysis/cli/doctor_program.h"

#include "analysis/cli/cli_program.h"
#include "analysis/cli/cli_recorder.h"
#include "analysis/cli/doctor_probe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NO_DEVICE 100 /* CUDA_ERROR_NO_DEVICE */

/* CUPTI's versions that the recorder knows: cupti/cupti_library.h. */
#define CUPTI_OLDEST   17u /* CUDA 11.6 */
#define CUPTI_FIRST_13 130000u
#define CUPTI_BEYOND   140000u

typedef struct {
    doctor_answers python, driver, cupti;
    bool is_python;
} program_facts;

static void find_recorder(doctor_report *report) {
    char path[PATH_MAX], why[PATH_MAX + 256];
    if (cli_recorder_find(path, why)) {
        doctor_find(report, DOCTOR_OK, "recorder", NULL, "%s", path);
    } else {
        doctor_find(report, DOCTOR_ERROR, "recorder", "build or install moetrace again", "%s", why);
    }
}

static const char *program_advice(cli_program_kind kind) {
    switch (kind) {
    case CLI_PROGRAM_STATIC:
        return "link it dynamically, at least to the C library";
    case CLI_PROGRAM_PRIVILEGED:
        return "run it as the user who owns it, or record a copy without these bits";
    case CLI_PROGRAM_FOREIGN:
        return "use a moetrace that was built for that processor";
    default:
        return "give the path of a program or script that can be executed";
    }
}

static bool is_named_python(const char *path) {
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, "python", 6) == 0;
}

/* The Python that runs it; scripts may stand for Pythons. NULL when there is none. */
static const char *python_of(const cli_program *program) {
    const char *const files[] = {program->path, program->runner, program->interpreter};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (is_named_python(files[i])) {
            return files[i];
        }
    }
    return NULL;
}

static void find_program(doctor_report *report, const char *command, program_facts *facts) {
    cli_program program;
    cli_program_inspect(&program, command);
    const char *obstacle = cli_program_obstacle(&program), *file = cli_program_file(&program);
    const char *python = python_of(&program);
    facts->is_python = !obstacle && python;
    if (obstacle) {
        doctor_find(report, DOCTOR_ERROR, "program", program_advice(program.kind), "%s %s", file, obstacle);
    } else if (program.kind != CLI_PROGRAM_FINE) {
        doctor_find(report, DOCTOR_WARNING, "program", "check that it starts, and which program it runs",
                    "%s: its file format could not be read", file);
    } else if (*program.interpreter) {
        doctor_find(report, DOCTOR_OK, "program", NULL, "%s, a script that %s runs", program.path, file);
    } else {
        doctor_find(report, DOCTOR_OK, "program", NULL, "%s", program.path);
    }
    if (facts->is_python) {
        facts->python = doctor_probe_python(python);
    }
}

static void find_torch(doctor_report *report, const program_facts *facts) {
    char version[128], cuda[64], python[64];
    if (!facts->is_python) {
        return;
    }
    if (!doctor_answer(&facts->python, "python", python, sizeof python)) {
        doctor_find(report, DOCTOR_WARNING, "torch", "see whether this Python starts",
                    "this Python did not answer");
    } else if (!doctor_answer(&facts->python, "torch", version, sizeof version)) {
        doctor_find(report, DOCTOR_WARNING, "torch",
                    "give the Python of the environment that the program runs in",
                    "this Python (%s) has no torch", python);
    } else if (doctor_answer(&facts->python, "torch.cuda", cuda, sizeof cuda) && strcmp(cuda, "None") == 0) {
        doctor_find(
            report, DOCTOR_WARNING, "torch",
            "install a torch with CUDA: this one runs no kernels, and its torch.cuda.nvtx opens no ranges",
            "%s in Python %s, built without CUDA", version, python);
    } else {
        doctor_find(report, DOCTOR_OK, "torch", NULL, "%s in Python %s, CUDA %s, with NVTX (torch.cuda.nvtx)",
                    version, python, cuda);
    }
}

/* CUDA's major version of the driver; 0 when there is none that works. */
static int find_driver(doctor_report *report, const program_facts *facts) {
    char init[32] = "", version[32] = "0", devices[32] = "0", name[256] = "";
    const char *advice = "record on the machine with the GPU; here only ranges and host times are recorded";
    if (!doctor_answer(&facts->driver, "driver.init", init, sizeof init)) {
        doctor_find(report, DOCTOR_WARNING, "driver", advice, "no CUDA driver: libcuda.so.1 is not found");
        return 0;
    }
    doctor_answer(&facts->driver, "driver.version", version, sizeof version);
    doctor_answer(&facts->driver, "driver.devices", devices, sizeof devices);
    doctor_answer(&facts->driver, "driver.name", name, sizeof name);
    long number = strtol(version, NULL, 10), result = strtol(init, NULL, 10);
    if (result == NO_DEVICE || (result == 0 && strtol(devices, NULL, 10) == 0)) {
        doctor_find(report, DOCTOR_WARNING, "driver", advice, "CUDA %ld.%ld, but no GPU is visible",
                    number / 1000, number % 1000 / 10);
    } else if (result != 0) {
        doctor_find(report, DOCTOR_ERROR, "driver",
                    "see whether nvidia-smi works; in a container, whether it was started with its GPUs",
                    "CUDA %ld.%ld, but cuInit fails with %ld", number / 1000, number % 1000 / 10, result);
    } else {
        doctor_find(report, DOCTOR_OK, "driver", NULL, "CUDA %ld.%ld, %s GPU%s, the first: %s", number / 1000,
                    number % 1000 / 10, devices, strcmp(devices, "1") == 0 ? "" : "s", name);
    }
    return (int)(number / 1000);
}

/* CUDA's major version of a CUPTI; 0 when the recorder does not know it. */
static int cupti_major(unsigned long version) {
    if (version >= CUPTI_FIRST_13 && version < CUPTI_BEYOND) {
        return 13;
    }
    /* The numbers below 100 do not tell 11 from 12: 18 is that of 11.8 and of 12.0. */
    return version >= CUPTI_OLDEST && version < 100 ? 11 : 0;
}

static void find_cupti(doctor_report *report, const program_facts *facts, int driver) {
    char version[32], path[4096];
    if (!doctor_answer(&facts->cupti, "cupti.version", version, sizeof version) ||
        !doctor_answer(&facts->cupti, "cupti.path", path, sizeof path)) {
        doctor_find(
            report, DOCTOR_WARNING, "CUPTI",
            "install the CUDA toolkit's CUPTI or the wheel nvidia-cuda-cupti, or give --cupti FILE, unless "
            "the program ships one",
            "no libcupti %s: no GPU work is recorded",
            getenv("MOETRACE_CUPTI") ? "can be loaded where MOETRACE_CUPTI says" : "is found");
        return;
    }
    unsigned long number = strtoul(version, NULL, 10);
    int major = cupti_major(number);
    if (major == 0) {
        doctor_find(report, DOCTOR_ERROR, "CUPTI", "give a CUPTI of CUDA 11.6 to 13 with --cupti FILE",
                    "%s has version %lu, which the recorder does not know", path, number);
    } else if (driver > 0 && major > driver) {
        doctor_find(report, DOCTOR_ERROR, "CUPTI",
                    "install a newer driver, or give a CUPTI of the driver's CUDA with --cupti FILE",
                    "%s is of CUDA %d, and the driver of CUDA %d", path, major, driver);
    } else {
        doctor_find(report, DOCTOR_OK, "CUPTI", NULL, "version %lu, %s", number, path);
    }
}

static void probe_cupti(program_facts *facts) {
    char of_python[4096];
    const char *given = getenv("MOETRACE_CUPTI");
    if (given && *given) {
        facts->cupti = doctor_probe_cupti(given, true);
    } else if (doctor_answer(&facts->python, "cupti", of_python, sizeof of_python)) {
        facts->cupti = doctor_probe_cupti(of_python, false);
    } else {
        facts->cupti = doctor_probe_cupti(NULL, false);
    }
}

void doctor_check_program(doctor_report *report, const char *command) {
    program_facts facts = {0};
    find_recorder(report);
    if (command) {
        find_program(report, command, &facts);
        find_torch(report, &facts);
    }
    facts.driver = doctor_probe_driver();
    probe_cupti(&facts);
    find_cupti(report, &facts, find_driver(report, &facts));
    doctor_answers_free(&facts.python);
    doctor_answers_free(&facts.driver);
    doctor_answers_free(&facts.cupti);
}
