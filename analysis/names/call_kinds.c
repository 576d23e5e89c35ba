/* What CUDA calls do, by words in their names. */
#include "analysis/names/call_kinds.h"

#include <string.h>

names_call_kind names_call_kind_of(const char *text) {
    if (strstr(text, "Synchronize") || (strstr(text, "Memcpy") && !strstr(text, "Async"))) {
        return NAMES_CALL_SYNC;
    }
    if (strstr(text, "Launch") || strstr(text, "Memcpy") || strstr(text, "Memset")) {
        return NAMES_CALL_ENQUEUE;
    }
    bool queries = strstr(text, "Get") || strstr(text, "Query") || strstr(text, "IsCapturing");
    return queries ? NAMES_CALL_QUERY : NAMES_CALL_OTHER;
}

bool names_call_enqueues(const char *text) {
    bool unknown = *text == '\0' || *text == '#';
    return unknown || strstr(text, "Launch") || strstr(text, "Memcpy") || strstr(text, "Memset");
}
