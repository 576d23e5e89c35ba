/* The dimensions of a Molmo mixture-of-experts model, and the modelled cost of its phases: FLOPs, bytes of weights, bytes
 * of the KV cache.
 *
 * The dimensions come from a config.json with Molmo's own field names, or from the same object in a mark of the trace.
 *
 * FLOPs are those of matrix products, 2 m n k for [m, k] x [k, n], as PyTorch's FlopCounterMode counts them; norms,
 * activations, softmax, rotary embedding and the weighted sum of the experts are not counted. With
 *   n  tokens in the step          p  tokens in the cache before it
 *   d  d_model                     v  width of keys, and of values: n_kv_heads x head_dim
 *   h  inner width of an expert: (mlp_hidden_size, or mlp_ratio x d_model) / 2
 *   E  moe_num_experts             V  rows of the head: embedding_size, or vocab_size
 *   r  pairs of a token and its expert, per layer: n k
 *   a  distinct experts with a token, per layer
 * a step costs, in each of n_layers layers,
 *   attention  FLOPs    2 n d (d + 2 v) + 4 n (p + n) d + 2 n d^2: input projections, scores and weighted sum over all
 *                       p + n positions (a causal kernel may skip half of n of them), output projection
 *              weights  d (d + 2 v) + d^2 + 3 d (with the norms of input, queries and keys)
 *              KV       2 v n written + 2 v (p + n) read
 *   router     FLOPs    2 n d E              weights  d E
 *   expert     FLOPs    6 r d h              weights  3 a d h
 *   norm                                     weights  d (before the router)
 * and once
 *   embedding                                weights  n d (the rows that are looked up)
 *   head       FLOPs    2 d V (last token)   weights  d V + d (with the final norm)
 * Vision costs, for c crops of P positions (Q patches of q values and a class token), with
 *   w  image_emb_dim   m  image_mlp_dim   L  image_num_layers   f  width of a feature: w for each vit_layers
 *   R  windows of a crop   s  patches in one: image_pooling_h x image_pooling_w
 *   patches    FLOPs    2 c Q q w                        weights  q w + w + P w + 2 w
 *   L layers   FLOPs    c (8 P w^2 + 4 P^2 w + 4 P w m)  weights  4 w^2 + 4 w + 2 w m + m + w + 4 w, each
 *   pooling    FLOPs    c R (2 f w + 4 s f w + 4 s w + 2 w^2)
 *              weights  3 (f w + w) + w^2 + w + 2 f (padding embeddings, if there are any)
 *   projection FLOPs    c R (4 w h + 2 h d)              weights  2 w h + h d
 * Bytes are these numbers times the size of one. Each weight counts once per step, however often kernels read it, and
 * activations are not counted: a lower bound of the memory traffic. */
#ifndef COSTMODEL_MODEL_FLOPS_H
#define COSTMODEL_MODEL_FLOPS_H

#include "analysis/costmodel/device_peaks.h"
#include "analysis/names/range_rules.h"

#include <stdbool.h>

typedef struct {
    char name[64]; /* the file's base name, or the name in the mark */
    double width;  /* d */
    double layers, heads, head_dim;
    double kv_width;              /* v */
    double top_k;                 /* moe_top_k; 0 if unknown */
    double experts, expert_width; /* E, h */
    double vocabulary;            /* V */
    struct {
        bool present;                           /* the model has a vision tower of known dimensions */
        double layers, width, mlp;              /* L, w, m */
        double positions, patches, patch_width; /* P, Q, q */
        double feature_width;                   /* f */
        double windows, window;                 /* R, s */
        bool padding;                           /* it has embeddings for padding */
    } vision;
} costmodel_model;

/* A cost: FLOPs, bytes of weights, bytes of the KV cache. */
typedef struct {
    double flops, weight_bytes, kv_bytes;
} costmodel_cost;

/* The cost of a phase, by part of the model and in total. */

typedef struct {
    costmodel_cost parts[NAMES_PARTS], all;
} costmodel_phase_cost;

/* _parse reads the dimensions from `len` bytes of JSON, an object; `name` identifies its source in messages. _load reads
 * the file at `path`, or the built-in configuration "molmoe-1b" (MolmoE-1B, allenai/MolmoE-1B-0924). Return 0, or -1 with
 * one line in `error`: the field, and its valid values. */
int costmodel_model_parse(costmodel_model *model, const char *name, const char *json, size_t len,
                          char error[TRACE_ERROR_BYTES]);
int costmodel_model_load(costmodel_model *model, const char *path, char error[TRACE_ERROR_BYTES]);

/* Adds the cost of the vision tower on `crops` image crops to *cost, in part NAMES_PART_VISION; `bytes` is the size of one
 * number. The model must have a vision tower. */
void costmodel_model_vision(const costmodel_model *model, double crops, double bytes,
                            costmodel_phase_cost *cost);

/* Adds the cost of a step of `tokens` (n) with `past` (p) tokens in the cache; `rows` and `active` are r and a above, and
 * `bytes` is the size of one number. */
void costmodel_model_step(const costmodel_model *model, double tokens, double past, double rows,
                          double active, double bytes, costmodel_phase_cost *cost);

/* Adds the cost of `steps` steps of one token each, the first with `past` tokens in the cache; the other parameters as
 * above, per step. */
void costmodel_model_decode(const costmodel_model *model, double steps, double past, double rows,
                            double active, double bytes, costmodel_phase_cost *cost);

/* Returns the expected number of distinct experts of `tokens` tokens with k experts each under uniform random routing:
 * E (1 - (1 - k / E)^tokens). */
double costmodel_model_active(const costmodel_model *model, double k, double tokens);

#endif
