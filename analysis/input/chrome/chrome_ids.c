/* Process, thread and correlation ids of a Chrome trace. Process and thread ids are numbers or texts, as chosen by the
 * program that wrote or merged the trace; texts such as "[TP01] 502" begin with the name of their rank. A correlation id
 * is unique within its process; GPU work has the id of its call, but not the call's process. */
#include "analysis/input/chrome/chrome_internal.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ids of threads without a numeric id: greater than any thread id of Linux, and within the 24 bits of Nsight Systems. */
#define OWN_TIDS 0xf00000u
/* Attribution keeps this many launches; ids that are further apart are renumbered. */
#define ID_WINDOW (1 << 22)

/* Mixes the hash before each value, so that small numbers in different positions do not collide. */
uint64_t input_chrome_mix(uint64_t hash, uint64_t value) {
    hash = (hash + 1) * 0x9fb21c651e98df25u + value;
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_of_text(const char *text, size_t len) {
    uint64_t hash = len + 1;
    for (size_t i = 0; i < len; i++) {
        hash = input_chrome_mix(hash, (unsigned char)text[i]);
    }
    return hash != 0 ? hash : 1;
}

/* Whether the whole text is an integer (1.0 is one). */
static bool is_integer_text(const char *text, int64_t *number) {
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0) {
        return true;
    }
    if (strspn(text, "+-.0123456789eE") != strlen(text)) {
        return false;
    }
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || fabs(value) > 9e15 || value != floor(value)) {
        return false;
    }
    *number = (int64_t)value;
    return true;
}

input_chrome_identity input_chrome_identify(const char *text, size_t len) {
    input_chrome_identity id = {0};
    if (is_integer_text(text, &id.number)) {
        id.is_number = true;
        id.key = (uint64_t)id.number;
        return id;
    }
    size_t name = len;
    while (name > 0 && text[name - 1] >= '0' && text[name - 1] <= '9') {
        name--;
    }
    id.number = strtoll(text + name, NULL, 10);
    id.key = hash_of_text(text, len);
    id.rank = hash_of_text(text, name);
    return id;
}

uint32_t input_chrome_thread_of(input_chrome_reading *rd, const input_chrome_event *e) {
    uint64_t key = input_chrome_mix(input_chrome_mix(e->pid.is_number, e->pid.key), e->tid.key);
    uint32_t at = base_map_get(&rd->thread_index, key);
    if (at == BASE_NONE) {
        at = (uint32_t)rd->thread_count++;
        rd->threads = base_grow(rd->threads, &rd->thread_cap, rd->thread_count, sizeof *rd->threads);
        bool is_tid = e->tid.is_number && e->tid.number >= 0 && e->tid.number <= UINT32_MAX;
        rd->threads[at].tid = is_tid ? (uint32_t)e->tid.number : OWN_TIDS + at;
        base_map_put(&rd->thread_index, key, at);
    }
    return at;
}

uint32_t input_chrome_rank_of(input_chrome_reading *rd, const input_chrome_identity *pid) {
    if (pid->rank == 0) {
        return 0;
    }
    uint32_t rank = base_map_get(&rd->ranks, pid->rank);
    if (rank == BASE_NONE) {
        rank = ++rd->rank_count;
        base_map_put(&rd->ranks, pid->rank, rank);
    }
    return rank;
}

uint32_t input_chrome_process_of(input_chrome_reading *rd, const input_chrome_event *e) {
    uint64_t key = input_chrome_mix(e->pid.is_number, e->pid.key);
    uint32_t at = base_map_get(&rd->process_index, key);
    if (at == BASE_NONE) {
        at = (uint32_t)rd->process_count++;
        rd->processes = base_grow(rd->processes, &rd->process_cap, rd->process_count, sizeof *rd->processes);
        rd->processes[at] =
            (input_chrome_process){.number = e->pid.number, .rank = input_chrome_rank_of(rd, &e->pid)};
        base_map_put(&rd->process_index, key, at);
    }
    return at;
}

uint32_t input_chrome_device_of(input_chrome_reading *rd, uint32_t rank, uint32_t device) {
    uint64_t key = input_chrome_mix(rank, device);
    uint32_t at = base_map_get(&rd->device_index, key);
    if (at != BASE_NONE) {
        return rd->devices[at].number;
    }
    uint32_t number = device;
    if (!base_set_add(&rd->device_numbers, number)) { /* another rank has a device of this number */
        while (!base_set_add(&rd->device_numbers, rd->free_device)) {
            rd->free_device++;
        }
        number = rd->free_device;
    }
    at = (uint32_t)rd->device_count++;
    rd->devices = base_grow(rd->devices, &rd->device_cap, rd->device_count, sizeof *rd->devices);
    rd->devices[at] = (input_chrome_device){.own = device, .number = number};
    base_map_put(&rd->device_index, key, at);
    return number;
}

/* Returns the process whose calls have the id, BASE_NONE or INPUT_CHROME_SEVERAL. */
static uint32_t owner_of_id(const input_chrome_reading *rd, uint64_t id) {
    uint32_t owner = base_map_get(&rd->call_owners, input_chrome_mix(0, id));
    return owner == BASE_NONE && base_set_has(&rd->first_calls, id) ? 0 : owner;
}

static uint64_t key_in_rank(uint32_t rank, uint64_t id) {
    return input_chrome_mix(rank + 1, id);
}

/* Ids that occur in calls of several processes are distinguished by their ranks. */
static void add_owner_in_rank(input_chrome_reading *rd, uint64_t id, uint32_t process) {
    uint64_t key = key_in_rank(rd->processes[process].rank, id);
    uint32_t owner = base_map_get(&rd->call_owners, key);
    if (owner != process) {
        base_map_put(&rd->call_owners, key, owner == BASE_NONE ? process : INPUT_CHROME_SEVERAL);
    }
}

static void add_owner_of_id(input_chrome_reading *rd, uint64_t id, uint32_t process) {
    uint32_t owner = owner_of_id(rd, id);
    if (owner == process) {
        return;
    }
    if (owner == BASE_NONE && process == 0) {
        base_set_add(&rd->first_calls, id);
    } else if (owner == BASE_NONE) {
        base_map_put(&rd->call_owners, input_chrome_mix(0, id), process);
    } else {
        add_owner_in_rank(rd, id, process);
        if (owner != INPUT_CHROME_SEVERAL) {
            add_owner_in_rank(rd, id, owner);
            base_map_put(&rd->call_owners, input_chrome_mix(0, id), INPUT_CHROME_SEVERAL);
        }
    }
}

void input_chrome_note_call(input_chrome_reading *rd, const input_chrome_item *i) {
    if (i->id == 0) {
        return;
    }
    add_owner_of_id(rd, i->id, i->process);
    int64_t number = (int64_t)i->id;
    rd->id_least = !rd->any_id || number < rd->id_least ? number : rd->id_least;
    rd->id_most = !rd->any_id || number > rd->id_most ? number : rd->id_most;
    rd->any_id = true;
}

void input_chrome_settle_ids(input_chrome_reading *rd) {
    rd->ids_as_they_are = rd->process_count <= 1 && rd->any_id && rd->id_least > 0 &&
                          rd->id_most <= UINT32_MAX && rd->id_most - rd->id_least < ID_WINDOW;
}

/* Numbers the ids of each process in the order of their first occurrence. */
static uint32_t new_id_of(input_chrome_reading *rd, uint32_t process, uint64_t id) {
    if (rd->ids_as_they_are) {
        return id <= UINT32_MAX ? (uint32_t)id : 0;
    }
    uint64_t key = input_chrome_mix(process + 1, id);
    uint32_t number = base_map_get(&rd->new_ids, key);
    if (number == BASE_NONE) {
        number = ++rd->new_id_count;
        base_map_put(&rd->new_ids, key, number);
    }
    return number;
}

uint32_t input_chrome_call_id(input_chrome_reading *rd, const input_chrome_item *i) {
    uint32_t id = i->id != 0 ? new_id_of(rd, i->process, i->id) : 0;
    return id != 0 && base_set_add(&rd->calls, id) ? id : 0; /* of several calls the first one keeps the id */
}

uint32_t input_chrome_launcher_of(input_chrome_reading *rd, const input_chrome_item *i) {
    if (rd->process_count <= 1) {
        return 0;
    }
    uint32_t owner = i->id != 0 ? owner_of_id(rd, i->id) : BASE_NONE;
    bool several = owner == INPUT_CHROME_SEVERAL;
    uint32_t in_rank = several ? base_map_get(&rd->call_owners, key_in_rank(i->process, i->id)) : owner;
    return several && in_rank == BASE_NONE ? INPUT_CHROME_SEVERAL : in_rank;
}

uint32_t input_chrome_work_id(input_chrome_reading *rd, const input_chrome_item *i, uint32_t process) {
    return i->id == 0 || process == INPUT_CHROME_SEVERAL ? 0 : new_id_of(rd, process, i->id);
}
