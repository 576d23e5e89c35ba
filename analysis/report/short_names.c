#include "analysis/report/short_names.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

void report_short_names_add(report_short_names *s, const char *shortened, const char *whole) {
    uint32_t at = names_intern(&s->shorts, shortened, strlen(shortened));
    uint32_t of = names_intern(&s->wholes, whole, strlen(whole)), first = base_map_get(&s->whole_of, at);
    if (first == BASE_NONE) {
        base_map_put(&s->whole_of, at, of);
    } else if (first != of) {
        base_map_put(&s->shared, at, 1);
    }
}

bool report_short_names_shared(const report_short_names *s, const char *shortened) {
    uint32_t at = names_find(&s->shorts, shortened, strlen(shortened));
    return at != BASE_NONE && base_map_get(&s->shared, at) == 1;
}

void report_short_names_free(report_short_names *s) {
    names_free(&s->shorts);
    names_free(&s->wholes);
    base_map_free(&s->whole_of);
    base_map_free(&s->shared);
}

char **report_shorten_texts(const char *const *texts, size_t count, size_t width) {
    char **shortened = base_alloc(count, sizeof *shortened);
    report_short_names names = {0};
    for (size_t i = 0; i < count; i++) {
        shortened[i] = base_text_shorten(texts[i], width);
        report_short_names_add(&names, shortened[i], texts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (report_short_names_shared(&names, shortened[i])) {
            free(shortened[i]);
            shortened[i] = base_copy(texts[i], strlen(texts[i]));
        }
    }
    report_short_names_free(&names);
    return shortened;
}
