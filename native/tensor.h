/* Tensors and the operators of the model, on libtorch's C API (AOTInductor).
 *
 * Errors are sticky (torch.h): after a failure all functions do nothing and return a tensor without a handle, so a sequence
 * of calls needs one native_torch_check at its end. The caller is responsible for matching shapes; libtorch reports a
 * mismatch as such a failure. */
#ifndef NATIVE_TENSOR_H
#define NATIVE_TENSOR_H

#include "native/torch.h"

enum { NATIVE_MAX_DIMS = 6 };

typedef struct {
    native_handle handle; /* NULL: no tensor */
    int32_t dtype;
    int ndim;
    int64_t size[NATIVE_MAX_DIMS];
} native_tensor;

/* An array literal, for sizes and strides. */
#define NATIVE_DIMS(...) ((const int64_t[]){__VA_ARGS__})

/* Return a new, uninitialised, contiguous tensor on the device, in host memory, or in pinned host memory (plain host memory
 * if the device is the cpu). */
native_tensor native_empty(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);
native_tensor native_empty_host(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);
native_tensor native_empty_pinned(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);

/* Returns a host tensor that uses the memory at `data`, which must outlive it. */
native_tensor native_wrap_host(native_torch *torch, void *data, int32_t dtype, int ndim, const int64_t *size);

/* The same with strides, in elements. */
native_tensor native_wrap_strided(native_torch *torch, void *data, int32_t dtype, int ndim,
                                  const int64_t *size, const int64_t *stride);

/* Returns a view of `base` with these sizes and strides, beginning at element `offset`; offset and strides in elements. */
native_tensor native_view(native_torch *torch, const native_tensor *base, int64_t offset, int ndim,
                          const int64_t *size, const int64_t *stride);

/* Returns a view of rows first .. first + count - 1 of a contiguous [rows, columns] tensor. */
native_tensor native_rows(native_torch *torch, const native_tensor *base, int64_t first, int64_t count);

/* Returns the transpose of a contiguous [rows, columns] tensor, as a view. */
native_tensor native_transposed(native_torch *torch, const native_tensor *base);

/* Frees a tensor or view, and sets its handle to NULL. */
void native_free(native_torch *torch, native_tensor *tensor);

/* Returns the address of a host tensor's first element, or NULL after a failure. */
void *native_data(native_torch *torch, const native_tensor *tensor);

/* to = from, with conversion of dtype and device; _async may return before the copy is complete. tensor = 0. */
void native_copy(native_torch *torch, native_handle to, native_handle from);
void native_copy_async(native_torch *torch, native_handle to, native_handle from);
void native_zero(native_torch *torch, native_handle tensor);

/* Matrix products: out = a b; out = c + a b; the same for batches of matrices. c may be out. */
void native_mm(native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_addmm(native_torch *torch, native_handle out, native_handle c, native_handle a, native_handle b);
void native_baddbmm(native_torch *torch, native_handle out, native_handle c, native_handle a,
                    native_handle b);

/* a + b; out = a * b (out may have any dtype and strides); a *= b; a * number. */
native_tensor native_add(native_torch *torch, const native_tensor *a, native_handle b, int32_t dtype);
void native_mul_out(native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_mul_in_place(native_torch *torch, native_handle a, native_handle b);
native_tensor native_scale(native_torch *torch, const native_tensor *a, double factor);

/* Returns x / sqrt(mean(x^2) + eps) over the last dimension, in float32, rounded to x's dtype, then times weight (of x's
 * dtype) in float32. Where the intermediate rounding matters, pass ones and multiply separately. */
native_tensor native_rms_norm(native_torch *torch, const native_tensor *x, native_handle weight, double eps);
/* Returns the layer norm of x over the last dimension, with weight and bias. */
native_tensor native_layer_norm(native_torch *torch, const native_tensor *x, native_handle weight,
                                native_handle bias, double eps);

/* x = silu(x); x = sigmoid(x). */

void native_silu_in_place(native_torch *torch, native_handle x);
void native_sigmoid_in_place(native_torch *torch, native_handle x);

/* Returns the softmax over the last dimension of [rows, columns], in float32. */
native_tensor native_softmax(native_torch *torch, const native_tensor *x);

/* Stores the k greatest elements of each row, in descending order, and their columns (int64): both [rows, k]. */
void native_topk(native_torch *torch, const native_tensor *x, int64_t k, native_tensor *values,
                 native_tensor *indices);

/* out = index of the greatest element of x, flattened; out is a 0-dimensional int64 tensor. */
void native_argmax(native_torch *torch, native_handle out, native_handle x);

/* Returns the mean over dimension `dim`, which is kept with size 1. */
native_tensor native_mean(native_torch *torch, const native_tensor *x, int dim);

/* out[i] = x[index[i]] over the first dimension. */
void native_gather_rows(native_torch *torch, native_handle out, native_handle x, native_handle index);
/* x[index[i]] = rows[i]. */
void native_put_rows(native_torch *torch, native_handle x, native_handle index, native_handle rows);
/* Returns x with rows[i] added to x[index[i]]; indices may repeat. */
native_tensor native_add_rows(native_torch *torch, const native_tensor *x, native_handle index,
                              native_handle rows);

/* Returns the one-hot encoding of the indices: [..., classes] int64. */
native_tensor native_one_hot(native_torch *torch, const native_tensor *indices, int64_t classes);
/* Returns the indices of the non-zero elements: [count, ndim of x] int64. Synchronises with the device. */
native_tensor native_nonzero(native_torch *torch, const native_tensor *x);

/* Returns a view of x, float32 with a last dimension of size 2, as complex numbers without that dimension. */
native_tensor native_as_complex(native_torch *torch, const native_tensor *x);

/* Returns softmax(q k^T / sqrt(head_dim)) v, contiguous, [batch, queries, heads * head_dim], for q [batch, heads, queries,
 * head_dim] and k, v [batch, heads, keys, head_dim] of any strides. causal: query i attends to keys 0..i. */
native_tensor native_attention(native_torch *torch, const native_tensor *q, const native_tensor *k,
                               const native_tensor *v, bool causal);

#endif
