/*
 * Tensors and the operators that the model needs, over libtorch's C functions.
 *
 * Every function takes the shared state of torch.h. After a failure each does nothing and gives a tensor
 * without a handle, so a sequence of calls needs one native_torch_check at its end. Shapes are the caller's
 * to get right: libtorch refuses what does not fit, and that refusal is such a failure.
 */
#ifndef NATIVE_TENSOR_H
#define NATIVE_TENSOR_H

#include "native/torch.h"

enum { NATIVE_MAX_DIMS = 6 };

struct native_tensor {
    native_handle handle; /* NULL: no tensor */
    int32_t dtype;
    int ndim;
    int64_t size[NATIVE_MAX_DIMS];
};

/* The values of an array given in place, for sizes and strides. */
#define NATIVE_DIMS(...) ((const int64_t[]){__VA_ARGS__})

/* A new, uninitialised, contiguous tensor on the device, on the host, or in host memory that the device
 * copies from and to without a detour (plain host memory where the device is the cpu). */
struct native_tensor native_empty(struct native_torch *torch, int32_t dtype, int ndim, const int64_t *size);
struct native_tensor native_empty_host(struct native_torch *torch, int32_t dtype, int ndim,
                                       const int64_t *size);
struct native_tensor native_empty_pinned(struct native_torch *torch, int32_t dtype, int ndim,
                                         const int64_t *size);

/* A host tensor over memory that the caller keeps alive. */
struct native_tensor native_wrap_host(struct native_torch *torch, void *data, int32_t dtype, int ndim,
                                      const int64_t *size);

/* A view of base: `offset` elements on from its first, with these sizes and strides (in elements). */
struct native_tensor native_view(struct native_torch *torch, const struct native_tensor *base, int64_t offset,
                                 int ndim, const int64_t *size, const int64_t *stride);

/* Rows first .. first + count - 1 of a contiguous [rows, columns] tensor. */
struct native_tensor native_rows(struct native_torch *torch, const struct native_tensor *base, int64_t first,
                                 int64_t count);

/* The transpose of a contiguous [rows, columns] tensor. */
struct native_tensor native_transposed(struct native_torch *torch, const struct native_tensor *base);

void native_free(struct native_torch *torch, struct native_tensor *tensor);

/* First byte of a host tensor, or NULL after a failure. */
void *native_data(struct native_torch *torch, const struct native_tensor *tensor);

/* to = from, between any two dtypes and devices. The second form may return before it is done. */
void native_copy(struct native_torch *torch, native_handle to, native_handle from);
void native_copy_async(struct native_torch *torch, native_handle to, native_handle from);
void native_zero(struct native_torch *torch, native_handle tensor);

/* out = a b;  out = c + a b;  the same for stacks of matrices. c may be out. */
void native_mm(struct native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_addmm(struct native_torch *torch, native_handle out, native_handle c, native_handle a,
                  native_handle b);
void native_baddbmm(struct native_torch *torch, native_handle out, native_handle c, native_handle a,
                    native_handle b);

/* a + b; out = a * b (out may have any dtype and strides); a *= b; a * number. */
struct native_tensor native_add(struct native_torch *torch, const struct native_tensor *a, native_handle b,
                                int32_t dtype);
void native_mul_out(struct native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_mul_in_place(struct native_torch *torch, native_handle a, native_handle b);
struct native_tensor native_scale(struct native_torch *torch, const struct native_tensor *a, double factor);

/* x / sqrt(mean(x^2) + eps) over the last dimension, in float32, rounded to x's dtype, then times weight (of
 * x's dtype) in float32: give ones, and multiply apart, where the rounding in between matters. */
struct native_tensor native_rms_norm(struct native_torch *torch, const struct native_tensor *x,
                                     native_handle weight, double eps);
/* The usual layer norm over the last dimension, with weight and bias. */
struct native_tensor native_layer_norm(struct native_torch *torch, const struct native_tensor *x,
                                       native_handle weight, native_handle bias, double eps);

void native_silu_in_place(struct native_torch *torch, native_handle x);
void native_sigmoid_in_place(struct native_torch *torch, native_handle x);

/* Softmax over the last dimension of [rows, columns], computed and given in float32. */
struct native_tensor native_softmax(struct native_torch *torch, const struct native_tensor *x);

/* The k greatest of each row, in descending order, and their columns. */
void native_topk(struct native_torch *torch, const struct native_tensor *x, int64_t k,
                 struct native_tensor *values, struct native_tensor *indices);

/* Index of the greatest element of all, into a tensor without dimensions of int64. */
void native_argmax(struct native_torch *torch, native_handle out, native_handle x);

/* Mean over dimension `dim`, which stays with size 1. */
struct native_tensor native_mean(struct native_torch *torch, const struct native_tensor *x, int dim);

/* out[i] = x[index[i]] over the first dimension. */
void native_gather_rows(struct native_torch *torch, native_handle out, native_handle x, native_handle index);
/* x[index[i]] = rows[i]. */
void native_put_rows(struct native_torch *torch, native_handle x, native_handle index, native_handle rows);
/* x with rows[i] added to x[index[i]] (indices may repeat). */
struct native_tensor native_add_rows(struct native_torch *torch, const struct native_tensor *x,
                                     native_handle index, native_handle rows);

/* One row of zeros and a one for each index: [..., classes] of int64. */
struct native_tensor native_one_hot(struct native_torch *torch, const struct native_tensor *indices,
                                    int64_t classes);
/* Where x is not zero: [count, dimensions of x]. Waits for the device. */
struct native_tensor native_nonzero(struct native_torch *torch, const struct native_tensor *x);

/* The pairs of the last dimension (of size 2, float32) as complex numbers; shares memory with x. */
struct native_tensor native_as_complex(struct native_torch *torch, const struct native_tensor *x);

/*
 * softmax(q k' / sqrt(head size)) v, for q of [batch, heads, queries, size] and k, v of [batch, heads, keys,
 * size], any strides. causal: query i sees keys 0..i. Gives [batch, queries, heads * size], contiguous.
 */
struct native_tensor native_attention(struct native_torch *torch, const struct native_tensor *q,
                                      const struct native_tensor *k, const struct native_tensor *v,
                                      bool causal);

#endif
