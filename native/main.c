/* run_native: MolmoE in C on libtorch's C functions, as a workload to measure. See docs/run_native.md. */
#include "native/output.h"
#include "native/ranges.h"
#include "native/report.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All that a run holds. */
typedef struct {
    native_options options;
    native_config config;
    native_request_list requests;
    native_source source;
    native_torch torch;
    native_weights weights;
    native_sweep sweep;
    int64_t top_k[NATIVE_MAX_SWEEP];
    int count;
    bool made_folder;
} native_run;

static bool load_run_config(native_run *run, native_error *error) {
    char path[4096];
    const char *name = run->options.config;
    if (name == NULL && run->options.checkpoint != NULL) {
        snprintf(path, sizeof path, "%s/config.json", run->options.checkpoint);
        name = path;
    }
    return native_config_load(name != NULL ? name : "molmoe-1b", &run->config, error);
}

/* Whether the outputs can be written is found out before the work, not after. */
static bool check_output_paths(native_run *run, native_error *error) {
    const char *folder = run->options.output_dir;
    struct stat info;
    if (folder != NULL) {
        run->made_folder = mkdir(folder, 0777) == 0;
        if (!run->made_folder && errno != EEXIST) {
            return native_fail(error, NATIVE_EXIT_INPUT, "--output-dir %.3000s: %s", folder, strerror(errno));
        }
        if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode) || access(folder, W_OK | X_OK) != 0) {
            return native_fail(error, NATIVE_EXIT_INPUT, "--output-dir %.3000s: not a writable folder",
                               folder);
        }
    }
    if (run->options.dump != NULL) {
        native_output probe;
        if (!native_output_open(&probe, run->options.dump, error)) {
            return false;
        }
        native_output_close(&probe, false, error);
    }
    return error->status == 0;
}

static bool check_end_of_text(const native_run *run, native_error *error) {
    return !run->options.stop_at_eos || run->config.eos >= 0 ||
           native_fail(error, NATIVE_EXIT_INPUT, "--stop-at-eos: the configuration names no eos_token_id");
}

static bool prepare_run(native_run *run, native_error *error) {
    const native_options *o = &run->options;
    bool ok = load_run_config(run, error) && check_end_of_text(run, error) &&
              native_options_top_k(o->top_k, run->config.experts, run->top_k, &run->count, error) &&
              native_request_list_load(&run->requests, o, &run->config, error);
    if (ok && o->checkpoint != NULL) {
        ok = native_source_open(&run->source, &run->torch, o->checkpoint, error) &&
             native_weights_check(&run->config, &run->source);
    } else if (ok) {
        native_source_random(&run->source, &run->torch, o->seed, error);
    }
    ok = ok && check_output_paths(run, error) &&
         native_torch_open(&run->torch, o->torch, o->device, o->dtype, error);
    if (ok && o->cuda_graph && run->torch.device != NATIVE_CUDA) {
        return native_fail(error, NATIVE_EXIT_INPUT, "--cuda-graph needs a GPU, but the device is the cpu");
    }
    return ok;
}

static bool execute_run(native_run *run, native_error *error) {
    const native_options *o = &run->options;
    if (o->rounds == 2) {
        native_profiling(false); /* before CUDA is touched */
    }
    if (!prepare_run(run, error)) {
        return false;
    }
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "run_native: %s weights on the %s ...\n", o->random ? "making" : "loading",
                native_device_name(run->torch.device));
    }
    if (!native_weights_load(&run->weights, &run->config, &run->source)) {
        return false;
    }
    native_source_close(&run->source);
    if (!native_sweep_make(&run->sweep, o, &run->config, &run->torch, &run->weights, &run->requests,
                           run->top_k, run->count, error) ||
        !native_sweep_run(&run->sweep, error)) {
        return false;
    }
    if ((o->dump != NULL && !native_report_dump(o->dump, &run->sweep, error)) ||
        (o->output_dir != NULL && !native_report_json(o->output_dir, &run->sweep, error))) {
        return false;
    }
    native_report_table(stdout, &run->sweep);
    return fflush(stdout) == 0 || native_fail(error, NATIVE_EXIT_FAILED, "cannot write to standard output");
}

int main(int argc, char **argv) {
    static native_run run;
    static native_error error;
    argp_program_version = "run_native " MOETRACE_VERSION;
    run.source.torch = &run.torch;
    run.torch.capture_fd = -1;
    bool ok = native_options_parse(&run.options, argc, argv, &error) && execute_run(&run, &error);
    if (!ok) {
        fprintf(stderr, "run_native: %s\n", error.text);
        if (run.made_folder) {
            rmdir(run.options.output_dir); /* it stays if anything lies in it */
        }
    }
    if (run.torch.failed_op == NULL) {
        /* After a failure the device may be in no state to take memory back: that is left to the end of the
         * process. */
        native_sweep_free(&run.sweep);
        native_weights_free(&run.weights, &run.config);
        native_source_close(&run.source);
    }
    native_request_list_free(&run.requests);
    native_torch_close(&run.torch);
    return error.status;
}
