/* moetrace dump: every record of a trace as a line of text, in the order of the file. docs/dump.md describes
 * the fields are. */
#include "analysis/base/parallel_for.h"
#include "analysis/base/text.h"
#include "analysis/base/utf8.h"
#include "analysis/cli/cli_table_options.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"
#include "analysis/names/name_table.h"
#include "analysis/report/text_table.h"
#include "trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    names_table names;
    base_map shapes; /* shape id -> string id of its name */
    uint64_t zero;   /* what times are relative to */
    bool zero_known;
    cli_progress progress;
} dump;

/* ---- Fields ---- */

/* Text in quotes; a quote or backslash in it has a backslash before it. Bytes of control characters, of characters that
 * change the direction of writing, and those that are not UTF-8 are \xHH. */
static void put_dump_text(const char *text, size_t len) {
    putchar('"');
    for (size_t i = 0, bytes; i < len; i += bytes) {
        uint32_t code;
        bytes = base_utf8_decode(text + i, len - i, &code);
        if (bytes == 0 || base_text_is_control(code)) {
            bytes += bytes == 0;
            for (size_t j = i; j < i + bytes; j++) {
                printf("\\x%02x", (unsigned char)text[j]);
            }
            continue;
        }
        if (code == '"' || code == '\\') {
            putchar('\\');
        }
        fwrite(text + i, 1, bytes, stdout);
    }
    putchar('"');
}

/* A string of the trace by its id; 0 is none. */
static void put_name(dump *d, const char *field, uint32_t id) {
    printf(" %s=", field);
    if (id == 0) {
        putchar('-');
        return;
    }
    uint32_t index = names_of_id(&d->names, id); /* may move the names */
    const names_entry *name = &d->names.list[index];
    put_dump_text(name->text, name->len);
}

/* A number of which 0 means that there is none. */
static void put_dump_number(const char *field, uint64_t value) {
    if (value == 0) {
        printf(" %s=-", field);
    } else {
        printf(" %s=%" PRIu64, field, value);
    }
}

/* A time, relative to the start of the trace. */
static void put_time(const dump *d, const char *field, uint64_t time) {
    if (time == 0) {
        printf(" %s=-", field);
    } else {
        printf(" %s=%" PRId64, field, (int64_t)(time - d->zero));
    }
}

static void put_triple(const char *field, const uint32_t v[3]) {
    printf(" %s=%u,%u,%u", field, v[0], v[1], v[2]);
}

static void put_payload(const trace_host_event *e) {
    double f64;
    float f32;
    uint32_t low = (uint32_t)e->payload;
    switch (e->payload_type) {
    case TRACE_PAYLOAD_NONE:
        printf(" payload=-");
        break;
    case TRACE_PAYLOAD_U64:
    case TRACE_PAYLOAD_U32:
        printf(" payload=%" PRIu64, e->payload);
        break;
    case TRACE_PAYLOAD_I64:
        printf(" payload=%" PRId64, (int64_t)e->payload);
        break;
    case TRACE_PAYLOAD_I32:
        printf(" payload=%" PRId32, (int32_t)low);
        break;
    case TRACE_PAYLOAD_F64:
        memcpy(&f64, &e->payload, sizeof f64);
        printf(" payload=%.17g", f64);
        break;
    case TRACE_PAYLOAD_F32:
        memcpy(&f32, &low, sizeof f32);
        printf(" payload=%.9g", (double)f32);
        break;
    default:
        printf(" payload=0x%" PRIx64 "(type %u)", e->payload, e->payload_type);
    }
}

/* ---- Records ---- */

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    (void)ctx;
    printf("meta ");
    put_dump_text(key, key_len);
    putchar(' ');
    put_dump_text(value, value_len);
    putchar('\n');
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    names_define(&((dump *)ctx)->names, id, bytes, len);
    printf("string id=%u ", id);
    put_dump_text(bytes, len);
    putchar('\n');
    return 0;
}

static int on_thread(void *ctx, const trace_thread *t) {
    (void)ctx;
    printf("thread index=%u tid=%u name=", t->index, t->tid);
    put_dump_text(t->name, t->name_len);
    putchar('\n');
    return 0;
}

static int on_queue(void *ctx, const trace_queue *q) {
    (void)ctx;
    printf("queue id=%u device=%u context=%u stream=%u\n", q->id, q->device, q->context, q->stream);
    return 0;
}

static int on_shape(void *ctx, const trace_shape *s) {
    dump *d = ctx;
    base_map_put(&d->shapes, s->id, s->name);
    printf("shape id=%u", s->id);
    put_name(d, "name", s->name);
    put_triple("grid", s->grid);
    put_triple("block", s->block);
    put_triple("cluster", s->cluster);
    printf(" registers=%u static_shared=%u dynamic_shared=%u shared_executed=%u local_per_thread=%u "
           "local_total=%" PRIu64 " cache_config=%u launch_type=%u shared_limit_config=%u\n",
           s->registers_per_thread, s->static_shared_bytes, s->dynamic_shared_bytes, s->shared_executed_bytes,
           s->local_bytes_per_thread, s->local_bytes_total, s->cache_config, s->launch_type,
           s->shared_limit_config);
    return 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    static const char *const kinds[] = {"host", "push", "pop",   "start", "end",
                                        "mark", "api",  "graph", "node",  "name"};
    dump *d = ctx;
    printf("%s thread=%u", kinds[e->kind < sizeof kinds / sizeof *kinds ? e->kind : 0], e->thread);
    put_time(d, "time", e->time);
    if (e->kind == TRACE_HOST_API) {
        printf(" duration=%" PRIu64, e->duration);
        put_name(d, "name", e->name);
        put_dump_number("correlation", e->correlation);
        if (e->no_result) {
            puts(" result=-");
        } else {
            printf(" result=%d\n", e->result);
        }
        return 0;
    }
    if (e->kind == TRACE_HOST_NAME) {
        static const char *const named[] = {"-",       "thread", "category", "device",
                                            "context", "stream", "event",    "other"};
        printf(" of=%s id=%" PRIu64, named[e->named < sizeof named / sizeof *named ? e->named : 0], e->id);
        put_name(d, "name", e->name);
        put_name(d, "domain", e->domain);
        putchar('\n');
        return 0;
    }
    if (e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        printf(" id=%" PRIu64, e->id);
        if (e->kind == TRACE_HOST_NODE) {
            put_dump_number("graph", e->graph);
            put_dump_number("copy_of", e->payload);
        }
        putchar('\n');
        return 0;
    }
    if (e->kind == TRACE_HOST_START || e->kind == TRACE_HOST_END) {
        printf(" id=%" PRIu64, e->id);
    }
    if (e->kind != TRACE_HOST_POP && e->kind != TRACE_HOST_END) {
        put_name(d, "name", e->name);
    }
    put_name(d, "domain", e->domain);
    if (e->kind != TRACE_HOST_POP && e->kind != TRACE_HOST_END) {
        put_payload(e);
        put_dump_number("category", e->category);
        if (e->color == 0) {
            printf(" color=-");
        } else {
            printf(" color=#%08x", e->color);
        }
    }
    putchar('\n');
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    static const char *const kinds[] = {"gpu", "kernel", "memcpy", "memset"};
    dump *d = ctx;
    printf("%s queue=%u", kinds[e->kind < sizeof kinds / sizeof *kinds ? e->kind : 0], e->queue);
    if (e->timed) {
        put_time(d, "start", e->start);
        printf(" duration=%" PRIu64, e->end - e->start);
    } else {
        printf(" start=- duration=-");
    }
    put_dump_number("correlation", e->correlation);
    put_dump_number("graph", e->graph);
    put_dump_number("node", e->graph_node);
    if (e->kind == TRACE_GPU_KERNEL) {
        uint32_t name = base_map_get(&d->shapes, e->shape);
        printf(" shape=%u", e->shape);
        put_name(d, "name", name == BASE_NONE ? 0 : name);
    } else {
        printf(" bytes=%" PRIu64 " async=%u", e->bytes, e->copy_is_async);
        if (e->kind == TRACE_GPU_MEMCPY) {
            printf(" kind=%u from=%u to=%u", e->copy_kind, e->src_mem_kind, e->dst_mem_kind);
        } else {
            printf(" value=%u to=%u", e->value, e->dst_mem_kind);
        }
    }
    putchar('\n');
    return 0;
}

static int on_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    (void)ctx;
    printf("counter ");
    put_dump_text(name, name_len);
    printf(" %" PRIu64 "\n", value);
    return 0;
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    printf("finish");
    put_time(ctx, "time", time);
    printf(" reason=");
    put_dump_text(reason, reason_len);
    putchar('\n');
    return 0;
}

static int on_dump_progress(void *ctx, uint64_t done, uint64_t total) {
    cli_show_progress(&((dump *)ctx)->progress, done, total);
    return ferror(stdout);
}

/* ---- Command ---- */

static error_t parse_dump(int key, char *arg, struct argp_state *state) {
    return cli_one_trace(key, arg, "dump", state->input);
}

static const struct argp_option options[] = {CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_dump,
    "TRACE",
    "Prints every record of a trace as a line of text, in the order of the file.\vTRACE is a file "
    "*.moetrace, or a directory of them. Names are resolved, kernel names are left mangled; times are ns of "
    "CLOCK_MONOTONIC (of the capture's own clock in captures of other profilers), and - marks a missing "
    "value.\n\n" CLI_CAPTURES "Examples:\n"
    "  moetrace dump run.moetrace | grep ^kernel | head\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

static int dump_trace(const char *path) {
    char error[TRACE_ERROR_BYTES];
    trace_status status;
    dump d = {.progress = {.path = path}};
    trace_visitor visitor = {.ctx = &d,
                             .meta = on_meta,
                             .string = on_string,
                             .thread = on_thread,
                             .queue = on_queue,
                             .shape = on_shape,
                             .host = on_host,
                             .gpu = on_gpu,
                             .counter = on_counter,
                             .end = on_end,
                             .progress = on_dump_progress};
    int rc = input_read(path, base_cores(), &visitor, &status, error);
    cli_hide_progress(&d.progress);
    if (rc < 0) {
        cli_error("%s", error);
    } else if (rc == 0) {
        printf("read chunks=%" PRIu64 " unknown=%" PRIu64 " damaged=%" PRIu64 " bytes=%" PRIu64
               " skipped=%" PRIu64 " cut=%s ended=%s\n",
               status.chunks, status.chunks_unknown, status.chunks_damaged, status.bytes_total,
               status.bytes_skipped, status.cut ? "yes" : "no", status.ended ? "yes" : "no");
    }
    names_free(&d.names);
    base_map_free(&d.shapes);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}

int cli_cmd_dump(int argc, char **argv) {
    const char *trace = NULL;
    int status;
    char **traces;
    if (cli_parse(&argp, argc, argv, &trace, &status) != 0) {
        return status;
    }
    size_t count = cli_traces(trace, false, &traces);
    status = count > 0 ? CLI_OK : CLI_FAILED;
    for (size_t i = 0; i < count && !ferror(stdout); i++) {
        printf("trace ");
        put_dump_text(traces[i], strlen(traces[i]));
        putchar('\n');
        if (dump_trace(traces[i]) != CLI_OK) {
            status = CLI_FAILED;
        }
    }
    cli_free_traces(traces, count);
    int flushed = cli_flush();
    return status != CLI_OK ? status : flushed;
}
