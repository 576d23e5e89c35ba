/* See doctor_probe.h. */
#include "analysis/cli/doctor_probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS  30000
#define ANSWER_BYTES (64u << 10)

typedef struct {
    const char *path; /* of CUPTI, or of Python */
    bool only;
} probe_question;

typedef void probe_function(const probe_question *question);

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the other end closes it, or patience ends. */
static void read_answer(int fd, char *text) {
    int64_t end = now_ms() + PATIENCE_MS;
    size_t len = 0;
    while (len < ANSWER_BYTES - 1 && now_ms() < end) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)(end - now_ms())) <= 0) {
            continue;
        }
        ssize_t got = read(fd, text + len, ANSWER_BYTES - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    text[len] = '\0';
}

/* In the child: its standard output is the answer. */
static void run_probe(probe_function *probe, const probe_question *question, int answer) {
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDERR_FILENO);
    }
    dup2(answer, STDOUT_FILENO);
    probe(question);
    fflush(stdout);
    _exit(0);
}

static doctor_answers ask_probe(probe_function *probe, const probe_question *question) {
    doctor_answers answers = {NULL};
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return answers;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run_probe(probe, question, ends[1]);
    }
    close(ends[1]);
    if (child > 0) {
        answers.text = calloc(1, ANSWER_BYTES);
        if (answers.text) {
            read_answer(ends[0], answers.text);
        }
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    close(ends[0]);
    if (answers.text && !*answers.text) {
        doctor_answers_free(&answers);
    }
    return answers;
}

/* ---- The driver ---- */

static void ask_driver(const probe_question *question) {
    (void)question;
    int (*init)(unsigned), (*version)(int *), (*count)(int *), (*name)(char *, int, int);
    int number = 0;
    char text[256] = "";
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (!driver) {
        return;
    }
    *(void **)&init = dlsym(driver, "cuInit");
    *(void **)&version = dlsym(driver, "cuDriverGetVersion");
    *(void **)&count = dlsym(driver, "cuDeviceGetCount");
    *(void **)&name = dlsym(driver, "cuDeviceGetName");
    int result = init ? init(0) : -1;
    printf("driver.init=%d\n", result);
    if (version && version(&number) == 0) {
        printf("driver.version=%d\n", number);
    }
    if (result == 0 && count && count(&number) == 0) {
        printf("driver.devices=%d\n", number);
    }
    if (result == 0 && number > 0 && name && name(text, sizeof text, 0) == 0) {
        printf("driver.name=%s\n", text);
    }
}

doctor_answers doctor_probe_driver(void) {
    return ask_probe(ask_driver, NULL);
}

/* ---- CUPTI ---- */

static bool ask_one_cupti(const char *path) {
    int (*get_version)(uint32_t *);
    uint32_t version = 0;
    char found[4096];
    void *cupti = dlopen(path, RTLD_NOW);
    if (!cupti) {
        return false;
    }
    *(void **)&get_version = dlsym(cupti, "cuptiGetVersion");
    if (!get_version || get_version(&version) != 0) {
        return false;
    }
    Dl_info info;
    snprintf(found, sizeof found, "%s", path);
    if (dladdr(*(void **)&get_version, &info) && info.dli_fname) {
        snprintf(found, sizeof found, "%s", info.dli_fname);
    }
    printf("cupti.version=%u\ncupti.path=%s\n", version, found);
    return true;
}

static void ask_cupti(const probe_question *question) {
    static const char *const places[] = {"libcupti.so.13",
                                         "libcupti.so.12",
                                         "libcupti.so.11.8",
                                         "libcupti.so.11.7",
                                         "libcupti.so",
                                         "/usr/local/cuda/lib64/libcupti.so",
                                         "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so"};
    if (question->path && (ask_one_cupti(question->path) || question->only)) {
        return;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (ask_one_cupti(places[i])) {
            return;
        }
    }
}

doctor_answers doctor_probe_cupti(const char *path, bool only) {
    const probe_question question = {.path = path, .only = only};
    return ask_probe(ask_cupti, &question);
}

/* ---- Python ---- */

static const char python_code[] =
    "import glob, importlib.util, os, re, sys\n"
    "print('python=' + sys.version.split()[0])\n"
    "spec = importlib.util.find_spec('torch')\n"
    "if spec and spec.origin:\n"
    "    here = os.path.dirname(spec.origin)\n"
    "    text = open(os.path.join(here, 'version.py')).read()\n"
    "    def value(name):\n"
    "        found = re.search(r'^' + name + r\"\\b[^=\\n]*=\\s*['\\\"]?([^'\\\"\\n]*)\", text, re.M)\n"
    "        return found.group(1).strip() if found else 'unknown'\n"
    "    print('torch=' + value('__version__'))\n"
    "    print('torch.cuda=' + value('cuda'))\n"
    "    folders = [os.path.join(here, 'lib'), os.path.join(os.path.dirname(here), 'nvidia', '*', 'lib')]\n"
    "    found = [f for folder in folders for f in sorted(glob.glob(os.path.join(folder, "
    "'libcupti*.so*')))]\n"
    "    for f in found[-1:]:\n"
    "        print('cupti=' + f)\n";

static void ask_python(const probe_question *question) {
    execl(question->path, question->path, "-c", python_code, (char *)NULL);
}

doctor_answers doctor_probe_python(const char *python) {
    const probe_question question = {.path = python};
    return ask_probe(ask_python, &question);
}

/* ---- Answers ---- */

bool doctor_answer(const doctor_answers *answers, const char *key, char *value, size_t size) {
    size_t len = strlen(key);
    const char *next;
    for (const char *line = answers->text; line && *line; line = next) {
        const char *end = strchrnul(line, '\n');
        next = *end ? end + 1 : end;
        if (strncmp(line, key, len) == 0 && line[len] == '=') {
            snprintf(value, size, "%.*s", (int)(end - line - (ptrdiff_t)len - 1), line + len + 1);
            return true;
        }
    }
    return false;
}

void doctor_answers_free(doctor_answers *answers) {
    free(answers->text);
    answers->text = NULL;
}
