/* Routing, and the visits to experts; see moe.h. */
#include "native/moe.h"

#include "native/ranges.h"

#include <stdlib.h>
#include <string.h>

const char *native_moe_mode_name(native_moe_mode mode) {
    static const char *const names[] = {
        [NATIVE_MOE_ACTIVE] = "active", [NATIVE_MOE_LOOP] = "loop", [NATIVE_MOE_DENSE] = "dense"};
    return names[mode];
}

bool native_moe_sort(const int64_t *chosen, int64_t tokens, int64_t k, int64_t experts, int64_t *counts,
                     int64_t *starts, int64_t *token_of_row, int64_t *row_of_choice) {
    memset(counts, 0, (size_t)experts * sizeof *counts);
    for (int64_t i = 0; i < tokens * k; i++) {
        if (chosen[i] < 0 || chosen[i] >= experts) {
            return false;
        }
        counts[chosen[i]]++;
    }
    int64_t next = 0;
    for (int64_t e = 0; e < experts; e++) {
        starts[e] = next;
        next += counts[e];
    }
    /* starts serves as the next free row of each expert, and is set back after. */
    for (int64_t i = 0; i < tokens * k; i++) {
        int64_t row = starts[chosen[i]]++;
        token_of_row[row] = i / k;
        row_of_choice[i] = row;
    }
    for (int64_t e = 0; e < experts; e++) {
        starts[e] -= counts[e];
    }
    return true;
}

static native_tensor moe_buffer(native_moe *m, int32_t dtype, int ndim, const int64_t *size) {
    return native_keep(&m->arena, native_empty(m->torch, dtype, ndim, size));
}

static native_tensor moe_view(native_moe *m, const native_tensor *base, int64_t offset, int ndim,
                              const int64_t *size, const int64_t *stride) {
    return native_keep(&m->arena, native_view(m->torch, base, offset, ndim, size, stride));
}

static void make_routing_buffers(native_moe *m, int64_t rows) {
    native_torch *t = m->torch;
    m->chosen_host = native_keep(&m->arena, native_empty_pinned(t, t->i64, 2, NATIVE_DIMS(m->tokens, m->k)));
    m->order_host = native_keep(&m->arena, native_empty_pinned(t, t->i64, 2, NATIVE_DIMS(2, rows)));
    m->order = moe_buffer(m, t->i64, 2, NATIVE_DIMS(2, rows));
    m->sorted_tokens = moe_view(m, &m->order, 0, 1, NATIVE_DIMS(rows), NATIVE_DIMS(1));
    m->sorted_rows = moe_view(m, &m->order, rows, 1, NATIVE_DIMS(rows), NATIVE_DIMS(1));
    m->token_of = moe_buffer(m, t->i64, 1, NATIVE_DIMS(rows));
    int64_t *host = native_data(t, &m->order_host);
    for (int64_t i = 0; host != NULL && i < rows; i++) {
        host[i] = i / m->k;
    }
    native_tensor first = native_view(t, &m->order_host, 0, 1, NATIVE_DIMS(rows), NATIVE_DIMS(1));
    native_copy(t, m->token_of.handle, first.handle);
    native_free(t, &first);
}

bool native_moe_make(native_moe *moe, native_torch *torch, const native_config *config, native_moe_mode mode,
                     int64_t tokens, int64_t k, native_error *error) {
    memset(moe, 0, sizeof *moe);
    moe->torch = torch;
    moe->arena.torch = torch;
    moe->config = config;
    moe->mode = mode;
    moe->tokens = tokens;
    moe->k = k;
    moe->width = mode == NATIVE_MOE_DENSE ? config->experts : k;
    int64_t width = moe->width, rows = tokens * width, d = config->d_model;
    if (mode == NATIVE_MOE_DENSE) {
        moe->best = moe_buffer(moe, torch->work, 1, &k);
    } else {
        make_routing_buffers(moe, rows);
        moe->gathered = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(rows, d));
        moe->sorted_outputs = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(rows, d));
    }
    moe->logits = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(tokens, config->experts));
    moe->gate_up = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(rows, 2 * config->expert_mlp));
    moe->outputs = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(rows, d));
    moe->outputs_3d =
        moe_view(moe, &moe->outputs, 0, 3, NATIVE_DIMS(tokens, width, d), NATIVE_DIMS(width * d, d, 1));
    moe->weights = moe_buffer(moe, torch->work, 2, NATIVE_DIMS(tokens, width));
    moe->weights_3d =
        moe_view(moe, &moe->weights, 0, 3, NATIVE_DIMS(tokens, 1, width), NATIVE_DIMS(width, width, 1));
    moe->weights_flat = moe_view(moe, &moe->weights, 0, 1, &width, NATIVE_DIMS(1));
    moe->counts = calloc((size_t)config->experts, sizeof *moe->counts);
    moe->starts = calloc((size_t)config->experts, sizeof *moe->starts);
    if (moe->counts == NULL || moe->starts == NULL) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for routing");
    }
    return native_torch_check(torch, error);
}

void native_moe_free(native_moe *moe) {
    if (moe->torch != NULL) {
        native_arena_free(&moe->arena);
    }
    free(moe->counts);
    free(moe->starts);
    memset(moe, 0, sizeof *moe);
}

/* Chooses experts: routing weights to m->weights, numbers of experts to the host, sorted there. Gives the
 * numbers on the device too. This is the one place of a layer where the host waits for the device. */
static native_tensor route_tokens(native_moe *m, const native_block *block, const native_tensor *x) {
    native_torch *t = m->torch;
    native_mm(t, m->logits.handle, x->handle, block->gate.weight.handle);
    native_tensor shares = native_softmax(t, &m->logits), best, chosen;
    native_topk(t, &shares, m->k, &best, &chosen);
    native_copy(t, m->weights.handle, best.handle);
    native_copy(t, m->chosen_host.handle, chosen.handle);
    native_free(t, &best);
    native_free(t, &shares);
    int64_t *host = native_data(t, &m->chosen_host), *order = native_data(t, &m->order_host);
    if (host != NULL && order != NULL &&
        !native_moe_sort(host, m->tokens, m->k, m->config->experts, m->counts, m->starts, order,
                         order + m->tokens * m->k)) {
        t->failed_op = "aten::topk (it chose an expert that does not exist)";
    }
    return chosen;
}

/* The same for `dense`: one weight for each expert, 0 for those not chosen. Nothing comes to the host. */
static void route_tokens_dense(native_moe *m, const native_block *block, const native_tensor *x) {
    native_torch *t = m->torch;
    native_mm(t, m->logits.handle, x->handle, block->gate.weight.handle);
    native_tensor shares = native_softmax(t, &m->logits), best, chosen;
    native_topk(t, &shares, m->k, &best, &chosen);
    native_tensor shares_of = native_view(t, &best, 0, 1, &m->k, NATIVE_DIMS(1));
    native_tensor places = native_view(t, &chosen, 0, 1, &m->k, NATIVE_DIMS(1));
    native_copy(t, m->best.handle, shares_of.handle);
    native_zero(t, m->weights_flat.handle);
    native_put_rows(t, m->weights_flat.handle, places.handle, m->best.handle);
    native_free(t, &places);
    native_free(t, &shares_of);
    native_free(t, &chosen);
    native_free(t, &best);
    native_free(t, &shares);
}

/* down(silu(gate(x)) * up(x)) for one expert; `rows` from `first` of the buffers hold its tokens. */
static void run_expert(native_moe *m, const native_expert *expert, native_handle x, int64_t first,
                       int64_t rows, native_handle out) {
    native_torch *t = m->torch;
    int64_t inner = m->config->expert_mlp, at = first * 2 * inner;
    native_tensor both = native_rows(t, &m->gate_up, first, rows);
    native_tensor gate =
        native_view(t, &m->gate_up, at, 2, NATIVE_DIMS(rows, inner), NATIVE_DIMS(2 * inner, 1));
    native_tensor up =
        native_view(t, &m->gate_up, at + inner, 2, NATIVE_DIMS(rows, inner), NATIVE_DIMS(2 * inner, 1));
    native_mm(t, both.handle, x, expert->gate_up.handle);
    native_silu_in_place(t, gate.handle);
    native_mul_in_place(t, gate.handle, up.handle);
    native_mm(t, out, gate.handle, expert->down.handle);
    native_free(t, &both);
    native_free(t, &gate);
    native_free(t, &up);
}

/* One token: its experts, in ascending order, write straight to the rows of their choices. */
static void run_experts_of_one_token(native_moe *m, const native_block *block, const native_tensor *x) {
    native_torch *t = m->torch;
    const int64_t *chosen = native_data(t, &m->chosen_host), *order = native_data(t, &m->order_host);
    int64_t choice_of_row[NATIVE_MAX_EXPERTS] = {0};
    for (int64_t i = 0; order != NULL && i < m->k; i++) {
        choice_of_row[order[m->k + i]] = i;
    }
    for (int64_t row = 0; row < m->k && t->failed_op == NULL; row++) {
        int64_t choice = choice_of_row[row], e = chosen[choice];
        native_range_push_counted(NATIVE_RANGE_EXPERT, e, 1);
        native_tensor out = native_rows(t, &m->outputs, choice, 1);
        run_expert(m, &block->experts[e], x->handle, choice, 1, out.handle);
        native_free(t, &out);
        native_range_pop();
    }
}

/* Many tokens: gathered once, each expert computes its consecutive rows. */
static void run_active_experts(native_moe *m, const native_block *block, const native_tensor *x) {
    native_torch *t = m->torch;
    native_copy_async(t, m->order.handle, m->order_host.handle);
    native_gather_rows(t, m->gathered.handle, x->handle, m->sorted_tokens.handle);
    for (int64_t e = 0; e < m->config->experts && t->failed_op == NULL; e++) {
        if (m->counts[e] == 0) {
            continue;
        }
        native_range_push_counted(NATIVE_RANGE_EXPERT, e, m->counts[e]);
        native_tensor in = native_rows(t, &m->gathered, m->starts[e], m->counts[e]);
        native_tensor out = native_rows(t, &m->sorted_outputs, m->starts[e], m->counts[e]);
        run_expert(m, &block->experts[e], in.handle, m->starts[e], m->counts[e], out.handle);
        native_free(t, &in);
        native_free(t, &out);
        native_range_pop();
    }
    native_gather_rows(t, m->outputs.handle, m->sorted_outputs.handle, m->sorted_rows.handle);
}

/* Searches one expert's rows in its column of the choices, and computes those found. */
static void run_searched_expert(native_moe *m, const native_block *block, const native_tensor *x,
                                const native_tensor *column, int64_t e) {
    native_torch *t = m->torch;
    native_tensor found = native_nonzero(t, column);
    int64_t rows = found.size[0];
    if (rows > 0 && t->failed_op == NULL) {
        native_tensor choice = native_view(t, &found, 0, 1, &rows, NATIVE_DIMS(1));
        native_tensor token = native_empty(t, t->i64, 1, &rows);
        native_tensor in = native_rows(t, &m->gathered, 0, rows);
        native_tensor out = native_rows(t, &m->sorted_outputs, 0, rows);
        native_gather_rows(t, token.handle, m->token_of.handle, choice.handle);
        native_gather_rows(t, in.handle, x->handle, token.handle);
        run_expert(m, &block->experts[e], in.handle, 0, rows, out.handle);
        native_put_rows(t, m->outputs.handle, choice.handle, out.handle);
        native_free(t, &choice);
        native_free(t, &token);
        native_free(t, &in);
        native_free(t, &out);
    }
    native_free(t, &found);
}

static void run_experts_by_search(native_moe *m, const native_block *block, const native_tensor *x,
                                  const native_tensor *chosen) {
    native_torch *t = m->torch;
    int64_t experts = m->config->experts, rows = m->tokens * m->k;
    native_tensor mask = native_one_hot(t, chosen, experts);
    for (int64_t e = 0; e < experts && t->failed_op == NULL; e++) {
        native_range_push_counted(NATIVE_RANGE_EXPERT, e, m->counts[e]);
        native_tensor column = native_view(t, &mask, e, 1, &rows, &experts);
        run_searched_expert(m, block, x, &column, e);
        native_free(t, &column);
        native_range_pop();
    }
    native_free(t, &mask);
}

/* One token and all experts. How many tokens an expert was given is known on the device only: no payload. */
static void run_all_experts(native_moe *m, const native_block *block, const native_tensor *x) {
    native_torch *t = m->torch;
    for (int64_t e = 0; e < m->config->experts && t->failed_op == NULL; e++) {
        native_range_push(NATIVE_RANGE_EXPERT, e);
        native_tensor out = native_rows(t, &m->outputs, e, 1);
        run_expert(m, &block->experts[e], x->handle, e, 1, out.handle);
        native_free(t, &out);
        native_range_pop();
    }
}

/* Routes and visits; the visits need what the router told the host. */
static void route_and_run_experts(native_moe *m, const native_block *block, const native_tensor *x) {
    native_range_push(NATIVE_RANGE_ROUTER, 0);
    native_tensor chosen = route_tokens(m, block, x);
    native_range_pop();
    if (m->mode == NATIVE_MOE_LOOP) {
        run_experts_by_search(m, block, x, &chosen);
    } else if (m->tokens == 1) {
        run_experts_of_one_token(m, block, x);
    } else {
        run_active_experts(m, block, x);
    }
    native_free(m->torch, &chosen);
}

void native_moe_run(native_moe *moe, const native_weights *weights, const native_block *block,
                    const native_tensor *x) {
    native_torch *t = moe->torch;
    int64_t tokens = moe->tokens, d = moe->config->d_model;
    native_tensor flat = native_view(t, x, 0, 2, NATIVE_DIMS(tokens, d), NATIVE_DIMS(d, 1));
    native_tensor normed = native_rms_norm(t, &flat, weights->ones.handle, moe->config->norm_eps);
    native_mul_in_place(t, normed.handle, block->ff_norm.weight.handle);
    if (moe->mode == NATIVE_MOE_DENSE) {
        native_range_push(NATIVE_RANGE_ROUTER, 0);
        route_tokens_dense(moe, block, &normed);
        native_range_pop();
        run_all_experts(moe, block, &normed);
    } else {
        route_and_run_experts(moe, block, &normed);
    }
    native_baddbmm(t, x->handle, x->handle, moe->weights_3d.handle, moe->outputs_3d.handle);
    native_free(t, &normed);
    native_free(t, &flat);
}
