/* The names of requests, phases and steps, as the analyser's built-in rules have them. */
#include "preload/phase_names.h"

#include "preload/string_table.h"

#include <stdatomic.h>
#include <string.h>

/* The kind of each name is cached for the first names, which are the most frequent. */
#define NAMES_KNOWN 65536u
enum { NOT_LOOKED_AT, IS_PHASE, IS_OTHER };

/* A name without the number at its end and the separator before it. */
static bool is_phase_text(char *text) {
    static const char *const names[] = {"sample", "warmup", "vision", "prefill", "decode"};
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] >= '0' && text[len - 1] <= '9') {
        len--;
    }
    if (len > 0 && text[len] != '\0' && strchr("._= :/", text[len - 1])) {
        len--;
    }
    text[len] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool preload_phase_name(uint32_t name) {
    static atomic_uchar known[NAMES_KNOWN];
    char text[32];
    int what = name < NAMES_KNOWN ? atomic_load_explicit(&known[name], memory_order_relaxed) : NOT_LOOKED_AT;
    if (what == NOT_LOOKED_AT) {
        what =
            name && preload_string_copy(name, text, sizeof text) && is_phase_text(text) ? IS_PHASE : IS_OTHER;
        if (name < NAMES_KNOWN) {
            atomic_store_explicit(&known[name], (unsigned char)what, memory_order_relaxed);
        }
    }
    return what == IS_PHASE;
}
