/* Marks with the tokens of the experts of a fused block. */
#include "analysis/attribution/late_tokens.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"
#include "trace/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limit of stored visits; the recorder has fewer in progress. */
#define VISITS_KEPT 65536u
/* Experts with larger indices are treated as damage. */
#define LATE_EXPERTS_MAX 65536u

static bool is_name(const names_table *names, uint32_t index, const char *text) {
    const names_entry *name = &names->list[index];
    return name->len == strlen(text) && memcmp(name->text, text, name->len) == 0;
}

bool attribution_late_tokens_is_visit(const names_table *names, uint32_t index, const trace_host_event *e) {
    return e->category != 0 && e->kind == TRACE_HOST_PUSH && is_name(names, index, TRACE_FUSED_EXPERTS);
}

void attribution_late_tokens_remember(attribution_late_tokens *late, attribution_fused_visit visit) {
    if (!late->ring) {
        late->ring = base_alloc(VISITS_KEPT, sizeof *late->ring);
    }
    late->ring[visit.visit % VISITS_KEPT] = visit;
}

static bool is_late_mark(names_table *names, const trace_host_event *e) {
    if (e->kind != TRACE_HOST_MARK || e->category == 0 || e->payload_type != TRACE_PAYLOAD_I64) {
        return false;
    }
    uint32_t domain = names_of_id(names, e->domain); /* may move the names */
    return is_name(names, domain, TRACE_PROFILING_DOMAIN) &&
           is_name(names, names_of_id(names, e->name), TRACE_EXPERT_TOKENS);
}

bool attribution_late_tokens_mark(attribution_late_tokens *late, attribution_tree *tree,
                                  const trace_host_event *e, attribution_fused_visit *visit, bool *first) {
    if (!is_late_mark(tree->names, e)) {
        return false;
    }
    uint32_t expert = (uint32_t)(e->payload >> 32), tokens = (uint32_t)e->payload;
    const attribution_fused_visit *known = late->ring ? &late->ring[e->category % VISITS_KEPT] : NULL;
    if (!known || known->visit != e->category || expert >= LATE_EXPERTS_MAX) {
        late->unknown++;
        return false;
    }
    char text[24];
    int len = snprintf(text, sizeof text, "expert.%u", expert);
    uint32_t name = names_intern(tree->names, text, (size_t)len);
    *visit = *known;
    visit->node = attribution_tree_child(tree, known->node, name, tree->nodes[known->node].profiling);
    attribution_node *node = &tree->nodes[visit->node];
    node->calls++;
    node->tokens += tokens;
    node->with_tokens++;
    *first = late->last != e->category;
    late->last = e->category;
    return node->opens_expert;
}

void attribution_late_tokens_free(attribution_late_tokens *late) {
    free(late->ring);
    memset(late, 0, sizeof *late);
}
