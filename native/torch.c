/* Finds libtorch, opens it and looks up its C functions; see torch.h. */
#include "native/torch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *native_device_name(native_device device) {
    static const char *const names[] = {[NATIVE_AUTO] = "auto", [NATIVE_CPU] = "cpu", [NATIVE_CUDA] = "cuda"};
    return names[device];
}

const char *native_dtype_name(native_dtype dtype) {
    static const char *const names[] = {[NATIVE_DTYPE_DEFAULT] = "default",
                                        [NATIVE_BF16] = "bf16",
                                        [NATIVE_FP16] = "fp16",
                                        [NATIVE_FP32] = "fp32"};
    return names[dtype];
}

/* The environment without what is preloaded here: the helper process is none of a profiler's business. */
static char **environment_without_preload(void) {
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0, used = 0; copy != NULL && i < count; i++) {
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0) {
            copy[used++] = environ[i];
        }
    }
    return copy;
}

/* Queries the python3 on the PATH for the place of its torch package. False if there is no python3 or no torch. */
static bool query_python_for_torch(char *folder, size_t size) {
    static char program[] = "import importlib.util as u;s=u.find_spec('torch');"
                            "print(s.submodule_search_locations[0] if s else '',end='')";
    static char python[] = "python3", dash_c[] = "-c";
    char *argv[] = {python, dash_c, program, NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    char **environment = environment_without_preload();
    pid_t child;
    bool started =
        environment != NULL && posix_spawnp(&child, python, &actions, NULL, argv, environment) == 0;
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    close(ends[1]);
    size_t length = 0;
    int status = -1;
    if (started) {
        ssize_t got;
        while ((got = read(ends[0], folder + length, size - 1 - length)) > 0 || (got < 0 && errno == EINTR)) {
            length += got > 0 ? (size_t)got : 0;
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close(ends[0]);
    folder[length] = '\0';
    return started && WIFEXITED(status) && WEXITSTATUS(status) == 0 && length > 0;
}

/* Sets torch->folder to the folder that holds libtorch_cpu.so. */
static bool find_libtorch_folder(native_torch *torch, const char *given, native_error *error) {
    char package[3072];
    const char *who = "--torch";
    if (given == NULL) {
        given = getenv("MOETRACE_TORCH");
        who = "MOETRACE_TORCH";
    }
    if (given == NULL || given[0] == '\0') {
        if (!query_python_for_torch(package, sizeof package)) {
            return native_fail(
                error, NATIVE_EXIT_INPUT,
                "no PyTorch: the python3 on the PATH has no torch package; install PyTorch 2.10 or "
                "later, or name its folder with --torch DIR or MOETRACE_TORCH");
        }
        given = package;
        who = "python3";
    }
    static const char *const tails[] = {"lib", ".", "torch/lib"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char probe[4200];
        snprintf(torch->folder, sizeof torch->folder, "%s/%s", given, tails[i]);
        snprintf(probe, sizeof probe, "%s/libtorch_cpu.so", torch->folder);
        if (access(probe, R_OK) == 0) {
            return true;
        }
    }
    return native_fail(
        error, NATIVE_EXIT_INPUT,
        "no libtorch_cpu.so in %.2000s (from %s): give the folder of a PyTorch package, such as "
        ".../site-packages/torch",
        given, who);
}

static void *open_torch_library(const native_torch *torch, const char *name, const char **why) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", torch->folder, name);
    void *library = dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
    *why = library == NULL ? dlerror() : NULL;
    return library;
}

/* dlsym into a function pointer, in the way POSIX allows. */
#define LOOK_UP(library, name, member) (*(void **)&(member) = dlsym(library, name))

/* NULL, or the name of the first function that the library lacks. */
static const char *look_up_common_api(native_torch_api *api, void *library) {
    const char *missing = NULL;
#define FIND(result, name, arguments)                                                                        \
    if (LOOK_UP(library, #name, api->name) == NULL && missing == NULL) {                                     \
        missing = #name;                                                                                     \
    }
    NATIVE_TORCH_COMMON(FIND)
#undef FIND
    if (LOOK_UP(library, "_Znwm", api->operator_new) == NULL && missing == NULL) {
        missing = "operator new";
    }
    return missing;
}

static const char *look_up_cpu_api(native_torch_api *api, void *library) {
    const char *missing = NULL;
#define FIND(name, arguments)                                                                                \
    if (LOOK_UP(library, "aoti_torch_cpu_" #name, api->name) == NULL && missing == NULL) {                   \
        missing = "aoti_torch_cpu_" #name;                                                                   \
    }
    NATIVE_TORCH_DEVICE(FIND)
#undef FIND
    return missing;
}

static const char *look_up_cuda_api(native_torch_api *api, void *library) {
    const char *missing = NULL;
#define FIND(name, arguments)                                                                                \
    if (LOOK_UP(library, "aoti_torch_cuda_" #name, api->name) == NULL && missing == NULL) {                  \
        missing = "aoti_torch_cuda_" #name;                                                                  \
    }
    NATIVE_TORCH_DEVICE(FIND)
#undef FIND
#define FIND(name, arguments)                                                                                \
    if (LOOK_UP(library, #name, api->name) == NULL && missing == NULL) {                                     \
        missing = #name;                                                                                     \
    }
    NATIVE_TORCH_CUDA(FIND)
#undef FIND
    return missing;
}

/* Opens libtorch_cuda and queries its CUDA runtime for devices. NULL if there is one, otherwise why not. */
static const char *open_cuda_device(native_torch *torch, void **library, char *why, size_t size) {
    const char *reason;
    *library = open_torch_library(torch, "libtorch_cuda.so", &reason);
    if (*library == NULL) {
        snprintf(why, size, "libtorch_cuda.so cannot be loaded (%.300s)", reason);
        return why;
    }
    int (*count_devices)(int *) = NULL;
    int count = 0;
    if (LOOK_UP(*library, "cudaGetDeviceCount", count_devices) == NULL) {
        return "libtorch_cuda.so comes without the CUDA runtime";
    }
    int status = count_devices(&count);
    if (status != 0 || count < 1) {
        snprintf(why, size, "the CUDA runtime sees no device (cudaGetDeviceCount: error %d)", status);
        return why;
    }
    return NULL;
}

static bool fail_missing_function(const native_torch *torch, const char *missing, native_error *error) {
    return native_fail(error, NATIVE_EXIT_INPUT,
                       "the PyTorch in %.2000s%s has no %s: run_native needs PyTorch 2.10 or later",
                       torch->folder, torch->version == 0 ? "" : " (too old or too new)", missing);
}

static bool choose_torch_device(native_torch *torch, void *cpu_library, native_device device,
                                native_error *error) {
    char why[512];
    const char *missing;
    torch->device = NATIVE_CPU;
    if (device != NATIVE_CPU) {
        void *library;
        const char *reason = open_cuda_device(torch, &library, why, sizeof why);
        if (reason == NULL) {
            torch->device = NATIVE_CUDA;
            torch->device_type = NATIVE_DEVICE_CUDA;
            missing = look_up_cuda_api(&torch->api, library);
            return missing == NULL || fail_missing_function(torch, missing, error);
        }
        if (device == NATIVE_CUDA) {
            return native_fail(error, NATIVE_EXIT_INPUT, "--device cuda: %s; use --device cpu", reason);
        }
    }
    torch->device_type = NATIVE_DEVICE_CPU;
    missing = look_up_cpu_api(&torch->api, cpu_library);
    return missing == NULL || fail_missing_function(torch, missing, error);
}

bool native_torch_open(native_torch *torch, const char *folder, native_device device, native_dtype dtype,
                       native_error *error) {
    memset(torch, 0, sizeof *torch);
    torch->capture_fd = -1;
    if (!find_libtorch_folder(torch, folder, error)) {
        return false;
    }
    const char *why;
    void *library = open_torch_library(torch, "libtorch_cpu.so", &why);
    if (library == NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot load libtorch: %.800s", why);
    }
    const char *missing = look_up_common_api(&torch->api, library);
    if (torch->api.aoti_torch_abi_version != NULL) {
        uint64_t version = torch->api.aoti_torch_abi_version();
        torch->version = (unsigned)(version >> 56) * 1000 + (unsigned)(version >> 48 & 0xff);
    }
    if (missing != NULL) {
        return fail_missing_function(torch, missing, error);
    }
    if (torch->version < 2010) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "the PyTorch in %.2000s is %u.%u: run_native needs 2.10 or later", torch->folder,
                           torch->version / 1000, torch->version % 1000);
    }
    if (!choose_torch_device(torch, library, device, error)) {
        return false;
    }
    torch->f32 = torch->api.aoti_torch_dtype_float32();
    torch->f16 = torch->api.aoti_torch_dtype_float16();
    torch->bf16 = torch->api.aoti_torch_dtype_bfloat16();
    torch->i64 = torch->api.aoti_torch_dtype_int64();
    torch->dtype = dtype;
    if (dtype == NATIVE_DTYPE_DEFAULT) {
        torch->dtype = torch->device == NATIVE_CUDA ? NATIVE_BF16 : NATIVE_FP32;
    }
    const int32_t codes[] = {
        [NATIVE_BF16] = torch->bf16, [NATIVE_FP16] = torch->f16, [NATIVE_FP32] = torch->f32};
    torch->work = codes[torch->dtype];
    torch->capture_fd = memfd_create("libtorch-stderr", MFD_CLOEXEC);
    torch->capture = torch->capture_fd >= 0;
    torch->api.aoti_torch_grad_mode_set_enabled(false);
    return true;
}

void native_torch_sync(native_torch *torch) {
    void *stream = NULL;
    if (torch->device != NATIVE_CUDA || torch->failed_op != NULL) {
        return;
    }
    if (torch->api.aoti_torch_get_current_cuda_stream(0, &stream) != 0 ||
        torch->api.torch_cuda_stream_synchronize(stream, 0) != 0) {
        torch->failed_op = "the synchronisation with the device";
    }
}

bool native_torch_check(const native_torch *torch, native_error *error) {
    if (torch->failed_op == NULL) {
        return true;
    }
    if (strstr(torch->failed_why, "out of memory") != NULL ||
        strstr(torch->failed_why, "can't allocate memory")) {
        return native_fail(error, NATIVE_EXIT_FAILED,
                           "out of memory on the %s in %s: %s; a smaller --dtype needs less",
                           native_device_name(torch->device), torch->failed_op, torch->failed_why);
    }
    if (strstr(torch->failed_why, "Error computing Error::what()") != NULL) {
        return native_fail(
            error, NATIVE_EXIT_FAILED,
            "libtorch's %s failed, probably for lack of memory (it could not report why); a smaller --dtype "
            "needs less",
            torch->failed_op);
    }
    const char *whose = strncmp(torch->failed_op, "cuda", 4) == 0 ? "" : "libtorch's ";
    return native_fail(error, NATIVE_EXIT_FAILED, "%s%s failed: %s", whose, torch->failed_op,
                       torch->failed_why[0] != '\0' ? torch->failed_why : "see its message above");
}

void native_torch_close(native_torch *torch) {
    if (torch->capture_fd >= 0) {
        close(torch->capture_fd);
    }
    torch->capture_fd = -1;
}
