/* The events of a Chrome trace, from JSON into sorted items. Ranges are its user annotations (what
 * record_function and profiled NVTX ranges make); its operators are left out, or every operator would be a
 * range. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX ((int64_t)1 << 61)

/* The fields of one event of the file. */
typedef struct {
    char phase, category[32], name_key[64];
    int64_t ts, dur, pid, tid;
    bool has_ts, has_dur;
    input_chrome_item item;
    char *label; /* args.name of metadata */
} event;

void input_chrome_fail(input_chrome_reading *rd, const char *what) {
    if (rd->stop == 0) {
        rd->stop = -1;
        snprintf(rd->error, TRACE_ERROR_BYTES,
                 "%s: %s; give a whole trace of torch.profiler (export_chrome_trace)", rd->path, what);
    }
}

static uint32_t thread_of(input_chrome_reading *rd, int64_t pid, int64_t tid) {
    uint64_t key = (uint64_t)pid << 32 ^ (uint64_t)tid;
    uint32_t at = base_map_get(&rd->threads, key);
    if (at == BASE_NONE) {
        at = (uint32_t)rd->thread_count++;
        rd->thread_keys = base_grow(rd->thread_keys, &rd->thread_cap, rd->thread_count, sizeof(uint64_t));
        rd->thread_names =
            base_grow(rd->thread_names, &rd->thread_name_cap, rd->thread_count, sizeof(uint32_t));
        rd->thread_keys[at] = (uint64_t)tid;
        base_map_put(&rd->threads, key, at);
    }
    return at;
}

/* The one of this number, or the last where there are too many. */
static input_chrome_process *process_of(input_chrome_reading *rd, int64_t pid) {
    size_t at = rd->process_count;
    while (at > 0 && rd->processes[at - 1].pid != pid) { /* mostly one, or the latest */
        at--;
    }
    if (at == 0 && rd->process_count < INPUT_CHROME_PROCESSES_MAX) {
        rd->processes =
            base_grow(rd->processes, &rd->process_cap, rd->process_count + 1, sizeof *rd->processes);
        rd->processes[rd->process_count++] = (input_chrome_process){.pid = pid};
        at = rd->process_count;
    }
    return &rd->processes[(at > 0 ? at : rd->process_count) - 1];
}

static uint32_t u32(const char *text) {
    uint64_t value = strtoull(text, NULL, 10);
    return *text == '-' || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* Up to three numbers of an array; false when the file ends inside it. */
static bool read_triple(input_chrome_reading *rd, uint32_t out[3]) {
    base_json *j = rd->json;
    uint64_t inside = j->depth;
    for (int n = 0; j->depth >= inside;) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_END || t == BASE_JSON_ERROR) {
            return false;
        }
        if (t == BASE_JSON_WORD && j->depth == inside && n < 3) {
            out[n++] = u32(j->text);
        }
    }
    return true;
}

static void take_argument(input_chrome_reading *rd, event *e, const char *key, const base_json *j,
                          base_json_token t) {
    input_chrome_item *i = &e->item;
    struct {
        const char *key;
        uint32_t *value;
    } numbers[] = {{"correlation", &i->correlation},
                   {"device", &i->device},
                   {"context", &i->context},
                   {"stream", &i->stream},
                   {"registers per thread", &i->registers},
                   {"shared memory", &i->shared}};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        if (strcmp(key, numbers[n].key) == 0) {
            *numbers[n].value = u32(j->text);
            return;
        }
    }
    if (strcmp(key, "bytes") == 0) {
        i->bytes = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "graph node id") == 0) {
        i->graph_node = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "payload") == 0 && t == BASE_JSON_WORD && strcspn(j->text, ".eE") == j->len) {
        i->payload = strtoll(j->text, NULL, 10);
        i->has_payload = 1;
    } else if (strcmp(key, "domain") == 0 && t == BASE_JSON_TEXT_TOKEN) {
        i->domain = names_intern(&rd->names, j->text, j->len) + 1;
    } else if (strcmp(key, "name") == 0 && t == BASE_JSON_TEXT_TOKEN) {
        free(e->label);
        e->label = base_copy(j->text, j->len < 200 ? j->len : 200);
    }
}

/* Goes to the next key of the object that is open; false at its end, or with the error set. */
static bool next_key(input_chrome_reading *rd, char key[64]) {
    base_json *j = rd->json;
    base_json_token t = base_json_next(j);
    if (t == BASE_JSON_COMMA) {
        t = base_json_next(j);
    }
    if (t == BASE_JSON_CLOSE && j->bracket == '}') {
        return false;
    }
    snprintf(key, 64, "%.63s", j->text);
    if (t != BASE_JSON_TEXT_TOKEN || base_json_next(j) != BASE_JSON_COLON) {
        rd->cut = true;
        return false;
    }
    return true;
}

static bool read_arguments(input_chrome_reading *rd, event *e) {
    base_json *j = rd->json;
    char key[64];
    while (next_key(rd, key)) {
        base_json_token t = base_json_next(j);
        bool grid = strcmp(key, "grid") == 0;
        if (t == BASE_JSON_OPEN && j->bracket == '[' && (grid || strcmp(key, "block") == 0)) {
            rd->cut |= !read_triple(rd, grid ? e->item.grid : e->item.block);
        } else if (t == BASE_JSON_OPEN) {
            rd->cut |= !base_json_skip(j, t);
        } else if (t == BASE_JSON_TEXT_TOKEN || t == BASE_JSON_WORD) {
            take_argument(rd, e, key, j, t);
        } else {
            rd->cut = true;
        }
        if (rd->cut) {
            return false;
        }
    }
    return !rd->cut;
}

static void take_field(input_chrome_reading *rd, event *e, const char *key) {
    const base_json *j = rd->json;
    if (strcmp(key, "ph") == 0) {
        e->phase = j->text[0];
    } else if (strcmp(key, "cat") == 0) {
        snprintf(e->category, sizeof e->category, "%.31s", j->text);
    } else if (strcmp(key, "name") == 0) {
        snprintf(e->name_key, sizeof e->name_key, "%.63s", j->text);
        e->item.name = names_intern(&rd->names, j->text, j->len);
    } else if (strcmp(key, "ts") == 0) {
        e->has_ts = base_json_thousandths(j->text, &e->ts);
    } else if (strcmp(key, "dur") == 0) {
        e->has_dur = base_json_thousandths(j->text, &e->dur);
    } else if (strcmp(key, "pid") == 0) {
        e->pid = strtoll(j->text, NULL, 10);
    } else if (strcmp(key, "tid") == 0) {
        e->tid = strtoll(j->text, NULL, 10);
    }
}

/* "Memcpy DtoH (Device -> Pinned)", "Memset (Device)": CUPTI's numbers of the copy's kind and of the
 * memories. */
static void read_memory(input_chrome_item *i, const char *name) {
    static const char *const kinds[] = {"HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                        "AtoD", "DtoA", "DtoD", "HtoH", "PtoP"};
    static const char *const memories[] = {"Pageable", "Pinned",        "Device",        "Array",
                                           "Managed",  "Device Static", "Managed Static"};
    const char *open = strchr(name, '('), *arrow = open ? strstr(open, " -> ") : NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        i->copy_kind = strncmp(name, "Memcpy ", 7) == 0 && strncmp(name + 7, kinds[k], 4) == 0
                           ? (uint8_t)(k + 1)
                           : i->copy_kind;
    }
    for (size_t k = 0; open && k < sizeof memories / sizeof *memories; k++) {
        size_t len = strlen(memories[k]);
        if (strncmp(open + 1, memories[k], len) == 0 && strchr(") ", open[1 + len])) {
            *(i->kind == INPUT_CHROME_COPY ? &i->src : &i->dst) = (uint8_t)(k + 1);
        }
        if (arrow && strncmp(arrow + 4, memories[k], len) == 0 && arrow[4 + len] == ')') {
            i->dst = (uint8_t)(k + 1);
        }
    }
}

static uint8_t kind_of(const char *category) {
    static const struct {
        const char *category;
        uint8_t kind;
    } kinds[] = {{"user_annotation", INPUT_CHROME_RANGE}, {"nvtx", INPUT_CHROME_RANGE},
                 {"cuda_runtime", INPUT_CHROME_CALL},     {"cuda_driver", INPUT_CHROME_CALL},
                 {"kernel", INPUT_CHROME_KERNEL},         {"Kernel", INPUT_CHROME_KERNEL},
                 {"gpu_memcpy", INPUT_CHROME_COPY},       {"Memcpy", INPUT_CHROME_COPY},
                 {"gpu_memset", INPUT_CHROME_MEMSET},     {"Memset", INPUT_CHROME_MEMSET},
                 {"Runtime", INPUT_CHROME_CALL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(category, kinds[i].category) == 0) {
            return kinds[i].kind;
        }
    }
    return 0;
}

static void take_event(input_chrome_reading *rd, event *e) {
    input_chrome_item *i = &e->item;
    if (e->phase == 'M' && e->label && strcmp(e->name_key, "thread_name") == 0) {
        uint32_t thread = thread_of(rd, e->pid, e->tid);
        rd->thread_names[thread] = names_intern(&rd->names, e->label, strlen(e->label)) + 1;
    }
    i->kind = kind_of(e->category);
    if (e->phase != 'X' || i->kind == 0 || !e->has_ts || !e->has_dur || e->dur < 0 || e->ts > TIME_MAX ||
        e->ts < -TIME_MAX || e->dur > TIME_MAX) {
        return;
    }
    if (i->kind == INPUT_CHROME_RANGE || i->kind == INPUT_CHROME_CALL) {
        i->thread = thread_of(rd, e->pid, e->tid);
        rd->pid = rd->pid == 0 ? e->pid : rd->pid;
        input_chrome_process *process = process_of(rd, e->pid);
        if (i->kind == INPUT_CHROME_CALL && i->correlation != 0) {
            base_set_add(&process->calls, i->correlation);
        }
    }
    if (i->kind == INPUT_CHROME_COPY || i->kind == INPUT_CHROME_MEMSET) {
        read_memory(i, e->name_key);
    }
    i->key = (uint64_t)e->ts + INPUT_CHROME_SHIFT;
    i->duration = (uint64_t)e->dur;
    rd->first = !rd->any || e->ts < rd->first ? e->ts : rd->first;
    rd->last = !rd->any || e->ts + e->dur > rd->last ? e->ts + e->dur : rd->last;
    rd->any = true;
    base_sorter_add(rd->sorter, i);
}

static void read_event(input_chrome_reading *rd) {
    event e = {0};
    char key[64];
    while (next_key(rd, key)) {
        base_json_token t = base_json_next(rd->json);
        if (t == BASE_JSON_OPEN && rd->json->bracket == '{' && strcmp(key, "args") == 0) {
            read_arguments(rd, &e);
        } else if (t == BASE_JSON_OPEN) {
            rd->cut |= !base_json_skip(rd->json, t);
        } else if (t == BASE_JSON_TEXT_TOKEN || t == BASE_JSON_WORD) {
            take_field(rd, &e, key);
        } else {
            rd->cut = true;
        }
        if (rd->cut) {
            break;
        }
    }
    if (!rd->cut) {
        take_event(rd, &e);
    }
    free(e.label);
}

/* The array of events, behind its bracket. */
static void read_events(input_chrome_reading *rd) {
    base_json *j = rd->json;
    for (;;) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_CLOSE && j->bracket == ']') {
            return;
        }
        if (t == BASE_JSON_OPEN && j->bracket == '{') {
            read_event(rd);
        } else if (t != BASE_JSON_COMMA && !base_json_skip(j, t)) {
            rd->cut = true;
        }
        if (rd->cut) {
            return;
        }
    }
}

/* The array of deviceProperties: names by id. */
static void read_devices(input_chrome_reading *rd) {
    base_json *j = rd->json;
    uint64_t outside = j->depth - 1;
    char key[64] = "";
    uint32_t id = 0;
    while (j->depth > outside) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_END || t == BASE_JSON_ERROR) {
            rd->cut = true;
            return;
        }
        if (t == BASE_JSON_TEXT_TOKEN && strcmp(key, "name") == 0 && id < 8) {
            snprintf(rd->device[id], sizeof rd->device[id], "%.199s", j->text);
            *key = '\0';
        } else if (t == BASE_JSON_WORD && strcmp(key, "id") == 0) {
            id = u32(j->text);
            *key = '\0';
        } else if (t == BASE_JSON_TEXT_TOKEN) {
            snprintf(key, sizeof key, "%.63s", j->text);
        }
    }
}

void input_chrome_parse(input_chrome_reading *rd) {
    base_json *j = rd->json;
    char key[64];
    bool found = false;
    base_json_token t = base_json_next(j);
    if (t == BASE_JSON_OPEN && j->bracket == '[') {
        found = true;
        read_events(rd);
    } else if (t == BASE_JSON_OPEN) {
        while (!rd->cut && next_key(rd, key)) {
            t = base_json_next(j);
            bool array = t == BASE_JSON_OPEN && j->bracket == '[';
            if (array && strcmp(key, "traceEvents") == 0) {
                found = true;
                read_events(rd);
            } else if (array && strcmp(key, "deviceProperties") == 0) {
                read_devices(rd);
            } else if (t == BASE_JSON_WORD && strcmp(key, "baseTimeNanoseconds") == 0) {
                rd->base_ns = strtoll(j->text, NULL, 10);
            } else {
                rd->cut |= !base_json_skip(j, t);
            }
        }
    }
    if (rd->cut || j->failed) {
        char what[100];
        snprintf(what, sizeof what, "is cut or no JSON at byte %" PRIu64, j->read);
        input_chrome_fail(rd, what);
    } else if (!found) {
        input_chrome_fail(rd, "is JSON without traceEvents");
    }
}
