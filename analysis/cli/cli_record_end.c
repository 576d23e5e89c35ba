/* See cli_record_end.h. */
#include "analysis/cli/cli_record_end.h"

#include "analysis/base/text.h"
#include "analysis/cli/cli_options.h"
#include "analysis/cli/cli_program.h"
#include "analysis/cli/cli_run_totals.h"

#include <stdlib.h>
#include <string.h>

#define WHO "record"

/* The path as a shell takes it. */
static char *shell_word(const char *path) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+=:,@%";
    char *word = NULL;
    size_t len;
    FILE *text = open_memstream(&word, &len);
    if (!text) {
        return base_copy(path, strlen(path));
    }
    fputs(*path == '-' ? "./" : "", text);
    if (path[strspn(path, plain)] == '\0') {
        fputs(path, text);
    } else {
        fputc('\'', text);
        for (const char *c = path; *c; c++) {
            fputs(*c == '\'' ? "'\\''" : (char[]){*c, '\0'}, text);
        }
        fputc('\'', text);
    }
    fclose(text);
    return word;
}

/* Takes the files out of `now` that stood there before. */
static void leave_new(cli_files *now, const cli_files *before) {
    size_t kept = 0, old = 0;
    for (size_t i = 0; i < now->count; i++) {
        while (old < before->count && strcmp(before->list[old], now->list[i]) < 0) {
            old++;
        }
        if (old < before->count && strcmp(before->list[old], now->list[i]) == 0) {
            free(now->list[i]);
        } else {
            now->list[kept++] = now->list[i];
        }
    }
    now->count = kept;
}

static void say_nothing(const char *command) {
    cli_program program;
    cli_program_inspect(&program, command);
    const char *obstacle = cli_program_obstacle(&program);
    if (obstacle) {
        cli_say(WHO, "nothing was recorded: %s %s; `moetrace doctor -- %s` tells more",
                cli_program_file(&program), obstacle, command);
    } else {
        cli_say(WHO,
                "nothing was recorded: the recorder saw no CUDA call and no NVTX range in %s; "
                "`moetrace doctor -- %s` checks for obstacles",
                command, command);
    }
}

static void put_count(FILE *text, const char *before, uint64_t count, const char *one, const char *many) {
    char number[32];
    fprintf(text, "%s%s %s", before, base_text_count(number, count), count == 1 ? one : many);
}

static const char *why_no_kernels(const cli_run_totals *t) {
    if (t->level && strcmp(t->level, "phases") == 0) {
        return "level phases records none";
    }
    return t->note ? t->note : "no kernel ran, or none while profiling was on";
}

/* What is missing from the traces, or that nothing is. */
static void put_lost(FILE *text, const cli_run_totals *t) {
    const char *before = "; lost: ";
    const struct {
        uint64_t count;
        const char *one, *many;
    } losses[] = {
        {t->host_lost, "host event", "host events"},
        {t->gpu_lost, "GPU record", "GPU records"},
        {t->unattributed, "kernel's range", "kernels' ranges"},
        {t->abrupt, "trace has no end (killed, or still running)",
         "traces have no end (killed, or still running)"},
        {t->unreadable, "trace cannot be read", "traces cannot be read"},
    };
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        if (losses[i].count > 0) {
            put_count(text, before, losses[i].count, losses[i].one, losses[i].many);
            before = ", ";
        }
    }
    if (*before == ';') {
        fputs(cli_run_totals_complete(t) ? "; nothing lost" : "; incomplete: see Completeness in the report",
              text);
    }
}

static void put_size(FILE *text, uint64_t bytes) {
    bool small = bytes < 1u << 20;
    fprintf(text, "%.1f %s", (double)bytes / (small ? 1u << 10 : 1u << 20), small ? "KiB" : "MiB");
}

static char *totals_line(const cli_run_totals *t, const char *directory, const char *first) {
    char *line = NULL;
    size_t len;
    FILE *text = open_memstream(&line, &len);
    if (!text) {
        return NULL;
    }
    fprintf(text, "%s (", t->traces == 1 ? first : directory);
    if (t->traces != 1) {
        put_count(text, "", t->traces, "process", "processes");
        fputs(", ", text);
    }
    put_size(text, t->bytes);
    put_count(text, "): ", t->requests, "request", "requests");
    if (t->have_gpu) {
        put_count(text, ", ", t->kernels, "kernel", "kernels");
    } else {
        fprintf(text, ", no kernels (%s)", why_no_kernels(t));
    }
    put_lost(text, t);
    fclose(text);
    return line;
}

static void say_next(const cli_run_totals *t, const char *trace) {
    char *word = shell_word(trace);
    cli_say(WHO, "next: moetrace report %s%s", word,
            t->requests > 0 ? "" : " (no request: no range vision, prefill or decode has ended)");
    free(word);
}

void cli_record_end(const char *command, const char *directory, const cli_files *before) {
    cli_files traces;
    cli_run_totals totals;
    cli_files_list(&traces, directory, ".moetrace");
    leave_new(&traces, before);
    if (traces.count == 0) {
        say_nothing(command);
        cli_files_free(&traces);
        return;
    }
    cli_run_totals_read(&totals, traces.list, traces.count);
    char *line = totals_line(&totals, directory, traces.list[0]);
    if (line) {
        cli_say(WHO, "%s", line);
    }
    say_next(&totals, traces.count == 1 && before->count > 0 ? traces.list[0] : directory);
    free(line);
    cli_run_totals_free(&totals);
    cli_files_free(&traces);
}
