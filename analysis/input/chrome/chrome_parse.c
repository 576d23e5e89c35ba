/* Parses the events of a Chrome trace into sorted items. Ranges are its user annotations (record_function, and NVTX ranges
 * that were profiled). PyTorch operators are skipped, since each would become a range. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void input_chrome_fail(input_chrome_reading *rd, const char *what) {
    if (rd->stop == 0) {
        rd->stop = -1;
        snprintf(rd->error, TRACE_ERROR_BYTES,
                 "%s: %s; give a whole trace of torch.profiler (export_chrome_trace)", rd->path, what);
    }
}

static uint32_t argument_u32(const char *text) {
    uint64_t value = strtoull(text, NULL, 10);
    return *text == '-' || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* Reads up to three numbers of an array; returns false when the file ends inside it. */
static bool read_three_numbers(input_chrome_reading *rd, uint32_t out[3]) {
    base_json *j = rd->json;
    uint64_t inside = j->depth;
    for (int n = 0; j->depth >= inside;) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_END || t == BASE_JSON_ERROR) {
            return false;
        }
        if (t == BASE_JSON_WORD && j->depth == inside && n < 3) {
            out[n++] = argument_u32(j->text);
        }
    }
    return true;
}

static void set_argument(input_chrome_reading *rd, input_chrome_event *e, const char *key, const base_json *j,
                         base_json_token t) {
    input_chrome_item *i = &e->item;
    struct {
        const char *key;
        uint32_t *value;
    } numbers[] = {{"device", &i->device},
                   {"context", &i->context},
                   {"stream", &i->stream},
                   {"registers per thread", &i->registers},
                   {"shared memory", &i->shared}};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        if (strcmp(key, numbers[n].key) == 0) {
            *numbers[n].value = argument_u32(j->text);
            return;
        }
    }
    if (strcmp(key, "correlation") == 0) {
        i->id = strcmp(j->text, "null") == 0 ? 0 : input_chrome_identify(j->text, j->len).key;
    } else if (strcmp(key, "bytes") == 0) {
        i->bytes = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "graph node id") == 0) {
        i->graph_node = strtoull(j->text, NULL, 10);
    } else if (strcmp(key, "payload") == 0 && t == BASE_JSON_WORD && strcspn(j->text, ".eE") == j->len) {
        i->payload = strtoll(j->text, NULL, 10);
        i->has_payload = 1;
    } else if (strcmp(key, "domain") == 0 && t == BASE_JSON_TEXT_TOKEN) {
        i->domain = names_intern(&rd->names, j->text, j->len) + 1;
    } else if (strcmp(key, "left open") == 0) {
        e->left_open = strcmp(j->text, "true") == 0;
    } else if (strcmp(key, "name") == 0 && t == BASE_JSON_TEXT_TOKEN) {
        free(e->label);
        e->label = base_copy(j->text, j->len < 200 ? j->len : 200);
    }
}

/* Moves to the next key of the open object; returns false at its end, or with the error set. */
static bool next_object_key(input_chrome_reading *rd, char key[64]) {
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
        rd->is_wrong = true;
        return false;
    }
    return true;
}

static bool read_event_arguments(input_chrome_reading *rd, input_chrome_event *e) {
    base_json *j = rd->json;
    char key[64];
    while (next_object_key(rd, key)) {
        base_json_token t = base_json_next(j);
        bool grid = strcmp(key, "grid") == 0;
        if (t == BASE_JSON_OPEN && j->bracket == '[' && (grid || strcmp(key, "block") == 0)) {
            rd->is_wrong |= !read_three_numbers(rd, grid ? e->item.grid : e->item.block);
        } else if (t == BASE_JSON_OPEN) {
            rd->is_wrong |= !base_json_skip(j, t);
        } else if (t == BASE_JSON_TEXT_TOKEN || t == BASE_JSON_WORD) {
            set_argument(rd, e, key, j, t);
        } else {
            rd->is_wrong = true;
        }
        if (rd->is_wrong) {
            return false;
        }
    }
    return !rd->is_wrong;
}

static void set_event_field(input_chrome_reading *rd, input_chrome_event *e, const char *key) {
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
        e->pid = input_chrome_identify(j->text, j->len);
    } else if (strcmp(key, "tid") == 0) {
        e->tid = input_chrome_identify(j->text, j->len);
    } else if (strcmp(key, "id") == 0) {
        e->id = input_chrome_identify(j->text, j->len);
    }
}

static void read_one_event(input_chrome_reading *rd) {
    input_chrome_event e = {0};
    char key[64];
    while (next_object_key(rd, key)) {
        base_json_token t = base_json_next(rd->json);
        if (t == BASE_JSON_OPEN && rd->json->bracket == '{' && strcmp(key, "args") == 0) {
            read_event_arguments(rd, &e);
        } else if (t == BASE_JSON_OPEN) {
            rd->is_wrong |= !base_json_skip(rd->json, t);
        } else if (t == BASE_JSON_TEXT_TOKEN || t == BASE_JSON_WORD) {
            set_event_field(rd, &e, key);
        } else {
            rd->is_wrong = true;
        }
        if (rd->is_wrong) {
            break;
        }
    }
    if (!rd->is_wrong) {
        input_chrome_add_event(rd, &e);
    }
    free(e.label);
}

/* Parses the array of events, after its bracket. */
static void read_event_array(input_chrome_reading *rd) {
    base_json *j = rd->json;
    for (;;) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_CLOSE && j->bracket == ']') {
            return;
        }
        if (t == BASE_JSON_OPEN && j->bracket == '{') {
            read_one_event(rd);
        } else if (t != BASE_JSON_COMMA && !base_json_skip(j, t)) {
            rd->is_wrong = true;
        }
        if (rd->is_wrong) {
            return;
        }
    }
}

/* Parses the array deviceProperties: names by id. */
static void read_device_names(input_chrome_reading *rd) {
    base_json *j = rd->json;
    uint64_t outside = j->depth - 1;
    char key[64] = "";
    uint32_t id = 0;
    while (j->depth > outside) {
        base_json_token t = base_json_next(j);
        if (t == BASE_JSON_END || t == BASE_JSON_ERROR) {
            rd->is_wrong = true;
            return;
        }
        if (t == BASE_JSON_TEXT_TOKEN && strcmp(key, "name") == 0) {
            base_map_put(&rd->device_names, id, names_intern(&rd->names, j->text, j->len));
            *key = '\0';
        } else if (t == BASE_JSON_WORD && strcmp(key, "id") == 0) {
            id = argument_u32(j->text);
            *key = '\0';
        } else if (t == BASE_JSON_TEXT_TOKEN) {
            snprintf(key, sizeof key, "%.63s", j->text);
        }
    }
}

/* Parses the file's outermost value; returns whether it is or contains an array of events. Stores as many of its keys as
 * fit in `keys`. */
static bool read_top_value(input_chrome_reading *rd, char *keys, size_t size) {
    base_json *j = rd->json;
    size_t used = 0;
    char key[64];
    bool found = false;
    base_json_token t = base_json_next(j);
    if (t == BASE_JSON_OPEN && j->bracket == '[') {
        read_event_array(rd);
        return true;
    }
    while (t != BASE_JSON_ERROR && !rd->is_wrong && next_object_key(rd, key)) {
        if (used < size) {
            used += (size_t)snprintf(keys + used, size - used, "%s%s", used > 0 ? ", " : "", key);
        }
        t = base_json_next(j);
        bool array = t == BASE_JSON_OPEN && j->bracket == '[';
        if (array && strcmp(key, "traceEvents") == 0) {
            found = true;
            read_event_array(rd);
        } else if (array && strcmp(key, "deviceProperties") == 0) {
            read_device_names(rd);
        } else if (t == BASE_JSON_WORD && strcmp(key, "baseTimeNanoseconds") == 0) {
            rd->base_ns = strtoll(j->text, NULL, 10);
        } else if (t == BASE_JSON_WORD && strcmp(key, INPUT_CHROME_FIRST_WATCH) == 0) {
            rd->has_first_watch = base_json_thousandths(j->text, &rd->first_watch);
        } else if (t == BASE_JSON_WORD && strcmp(key, INPUT_CHROME_MARKS) == 0) {
            rd->marks_of_program = strcmp(j->text, "true") == 0;
        } else {
            rd->is_wrong |= !base_json_skip(j, t);
        }
    }
    return found;
}

/* Content after the value counts as unreadable. */
static void count_rest(input_chrome_reading *rd) {
    trace_status *status = rd->status;
    uint64_t end = rd->json->read;
    if (base_json_next(rd->json) != BASE_JSON_END) {
        status->bytes_skipped = status->bytes_total > end ? status->bytes_total - end : 1;
    }
}

void input_chrome_parse(input_chrome_reading *rd) {
    base_json *j = rd->json;
    char keys[80] = "none", what[200];
    bool found = read_top_value(rd, keys, sizeof keys);
    if (!rd->is_wrong && !j->failed) {
        if (found) {
            count_rest(rd);
        } else {
            for (char *c = keys; *c; c++) {
                *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
            }
            snprintf(what, sizeof what, "is JSON without traceEvents: its keys are %s", keys);
            input_chrome_fail(rd, what);
        }
    } else if (found && rd->items > 0 && feof(j->file)) {
        rd->status->cut = true;
    } else {
        snprintf(what, sizeof what, "is cut or no JSON at byte %" PRIu64, j->read);
        input_chrome_fail(rd, what);
    }
}
