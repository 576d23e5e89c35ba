/* The importer of Chrome traces: events are parsed to items, sorted by time, and emitted. The functions are listed by the file
 * that defines them; they leave errors in the reading (`error`, `stop`). */
#ifndef INPUT_CHROME_CHROME_INTERNAL_H
#define INPUT_CHROME_CHROME_INTERNAL_H

#include "analysis/base/external_sort.h"
#include "analysis/base/json_reader.h"
#include "analysis/base/u64_set.h"
#include "analysis/input/capture_extras.h"
#include "analysis/input/open_ranges.h"
#include "analysis/names/name_table.h"
#include "trace/trace.h"

/* Added to signed times, so that they sort as unsigned keys. */
#define INPUT_CHROME_SHIFT ((uint64_t)1 << 62)
/* Times of a larger absolute value, in ns, are invalid. */
#define INPUT_CHROME_TIME_MAX ((int64_t)1 << 61)

/* Largest number of categories; the last one stands for all further ones. */
enum { INPUT_CHROME_CATEGORIES_MAX = 64 };
/* In place of a process: several. */
#define INPUT_CHROME_SEVERAL (BASE_NONE - 1)

enum {
    INPUT_CHROME_MEMSET = 1,
    INPUT_CHROME_COPY,
    INPUT_CHROME_KERNEL,
    INPUT_CHROME_CALL,
    INPUT_CHROME_MARK,
    INPUT_CHROME_RANGE
};

/* An event of the file, complete or under construction. */
typedef struct {
    uint64_t key; /* start in ns, plus INPUT_CHROME_SHIFT */
    /* Order of equal keys: ranges, marks, calls, GPU work; the longest first. */
    uint64_t order;
    uint64_t duration; /* ns */
    uint64_t id;       /* correlation id (chrome_ids.c); 0: none */
    int64_t payload;
    uint64_t bytes, graph_node;
    uint32_t name;               /* index into names */
    uint32_t domain;             /* index into names + 1; 0 is the default domain */
    uint32_t thread, end_thread; /* of ranges, marks and calls */
    uint32_t process;            /* of calls: index into processes; of GPU work: its rank */
    uint32_t device, context, stream;
    uint32_t grid[3], block[3], registers, shared;
    uint8_t kind, has_payload, copy_kind, src, dst;
    uint8_t start_end; /* a start/end range */
    uint8_t left_open; /* a range without an end */
    uint8_t untimed;   /* GPU work without a valid time */
} input_chrome_item;

/* The beginning or the end of an event that the file holds in two parts (ph B and E, b and e). */
typedef struct {
    uint64_t key;   /* time in ns, plus INPUT_CHROME_SHIFT */
    uint64_t match; /* equal for the halves of one event */
    input_chrome_item item;
    uint8_t is_end;
    uint8_t unused[7];
} input_chrome_half;

/* The fields of one event of the file. */
typedef struct {
    uint64_t key; /* equal for equal ids */
    int64_t number;
    uint64_t rank; /* of a text: the hash of what precedes its last digits; 0 for a number */
    bool is_number;
} input_chrome_identity;

typedef struct {
    char phase, category[32], name_key[64];
    int64_t ts, dur;
    input_chrome_identity pid, tid, id;
    bool has_ts, has_dur;
    bool left_open; /* args."left open" of an export of moetrace */
    input_chrome_item item;
    char *label; /* args.name of metadata */
} input_chrome_event;

typedef struct {
    int64_t number; /* its process id, if known */
    uint32_t rank;
} input_chrome_process;

typedef struct {
    uint32_t tid;
    uint32_t name; /* index into names + 1; 0: none */
} input_chrome_thread;

typedef struct {
    uint32_t own, number; /* number within its rank; number over all ranks */
} input_chrome_device;

/* The number of events of a category that the importer ignores. */
typedef struct {
    char name[32];
    uint64_t count;
} input_chrome_category;

typedef struct {
    const char *path;
    const trace_visitor *v;
    trace_status *status;
    char *error;
    int stop;
    base_json *json;
    names_table names;
    size_t emitted; /* number of names that the visitor has received */
    base_sorter *sorter, *halves;
    int64_t base_ns, first, last;
    int64_t first_watch; /* ns; the time at which the recorder first switched profiling on */
    bool has_first_watch;
    bool any_time;         /* first and last are set */
    bool is_wrong;         /* invalid or truncated JSON */
    bool marks_of_program; /* the marks `watch on` and `watch off` are not the recorder's */
    uint64_t items, unreadable_host;

    base_map thread_index; /* process and thread id -> thread */
    input_chrome_thread *threads;
    size_t thread_count, thread_cap;
    base_map process_index;          /* process id -> processes */
    input_chrome_process *processes; /* with ranges or calls */
    size_t process_count, process_cap;
    base_map ranks; /* hash of a rank's text -> its number, from 1 */
    uint32_t rank_count;
    base_map device_index; /* rank and device -> devices */
    base_set device_numbers;
    uint32_t free_device; /* no smaller number is free */
    input_chrome_device *devices;
    size_t device_count, device_cap;
    base_map device_names; /* device -> index into names */
    input_chrome_category categories[INPUT_CHROME_CATEGORIES_MAX];
    size_t category_count;
    char back_ends[200];  /* names and event counts of other back ends (HIP, XPU, ...), which are ignored */
    base_set first_calls; /* ids of calls of the first process */
    base_map call_owners; /* id of calls of others -> their process (chrome_ids.c) */
    bool ids_as_they_are; /* correlation ids are kept: those of a single process, in a small range */
    int64_t id_least, id_most;
    bool any_id;

    /* While emitting. */
    input_open_ranges *open; /* by thread */
    base_map new_ids;        /* process and id -> correlation id of the trace */
    uint32_t new_id_count;
    base_set calls;          /* correlation ids of calls */
    base_map queues, shapes; /* process, device, context and stream -> queue; hash of a shape -> shape_list */
    uint32_t queue_count, shape_count;
    input_chrome_item *shape_list;
    size_t shape_cap;
    uint64_t range_ids;
} input_chrome_reading;

/* chrome_parse.c */

/* Sets the error to "PATH: " and `what`, unless there is an error already. */
void input_chrome_fail(input_chrome_reading *rd, const char *what);

/* Parses all events of the open file, rd->json, and adds them to the sorters. */
void input_chrome_parse(input_chrome_reading *rd);

/* chrome_events.c */

/* Adds an event from its parsed fields. */
void input_chrome_add_event(input_chrome_reading *rd, input_chrome_event *e);

/* Joins the halves of events; call it after the last event. */
void input_chrome_join_halves(input_chrome_reading *rd);

/* chrome_ids.c */

/* Returns the hash of a sequence whose hash without its last value is `hash`. */
uint64_t input_chrome_mix(uint64_t hash, uint64_t value);

/* Returns the identity that a pid, tid or id denotes, a number or a text. */
input_chrome_identity input_chrome_identify(const char *text, size_t len);

/* Return the index of the event's thread and of its process, added if it is new. */
uint32_t input_chrome_thread_of(input_chrome_reading *rd, const input_chrome_event *e);
uint32_t input_chrome_process_of(input_chrome_reading *rd, const input_chrome_event *e);

/* Returns the number, from 1, of the rank whose name precedes a process id; 0 without one. */
uint32_t input_chrome_rank_of(input_chrome_reading *rd, const input_chrome_identity *pid);

/* Returns the device number, unique over all ranks, of a device of a rank. */
uint32_t input_chrome_device_of(input_chrome_reading *rd, uint32_t rank, uint32_t device);

/* Stores the correlation id of a call. */
void input_chrome_note_call(input_chrome_reading *rd, const input_chrome_item *i);

/* Decides, after the last input_chrome_note_call, whether correlation ids are kept. */
void input_chrome_settle_ids(input_chrome_reading *rd);

/* Returns the trace's correlation id of a call. */
uint32_t input_chrome_call_id(input_chrome_reading *rd, const input_chrome_item *i);

/* Returns the index of the process that launched the GPU work: 0 in a file of one process; BASE_NONE when no call has its id,
 * INPUT_CHROME_SEVERAL when calls of several processes of its rank have. */
uint32_t input_chrome_launcher_of(input_chrome_reading *rd, const input_chrome_item *i);

/* Returns the trace's correlation id of GPU work of a launcher; 0: none, or calls of several processes have it. */
uint32_t input_chrome_work_id(input_chrome_reading *rd, const input_chrome_item *i, uint32_t process);

/* chrome_emit.c: passes all items to the visitor, in the order of their times. */
void input_chrome_emit(input_chrome_reading *rd);

#endif
