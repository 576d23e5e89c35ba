/* Tensors and the operators that the model needs, over libtorch's C functions.
 *
 * Every function takes the shared state of torch.h. After a failure each does nothing and gives a tensor
 * without a handle, so a sequence of calls needs one native_torch_check at its end. Shapes are the caller's
 * to get right: libtorch refuses what does not fit, and that refusal is such a failure. */
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

/* The values of an array given in place, for sizes and strides. */
#define NATIVE_DIMS(...) ((const int64_t[]){__VA_ARGS__})

/* A new, uninitialised, contiguous tensor on the device, on the host, or in host memory that the device
 * copies from and to without a detour (plain host memory where the device is the cpu). */
native_tensor native_empty(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);
native_tensor native_empty_host(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);
native_tensor native_empty_pinned(native_torch *torch, int32_t dtype, int ndim, const int64_t *size);

/* A host tensor over memory that the caller keeps alive. */
native_tensor native_wrap_host(native_torch *torch, void *data, int32_t dtype, int ndim, const int64_t *size);

/* A view of base: `offset` elements on from its first, with these sizes and strides (in elements). */
native_tensor native_view(native_torch *torch, const native_tensor *base, int64_t offset, int ndim,
                          const int64_t *size, const int64_t *stride);

/* Rows first .. first + count - 1 of a contiguous [rows, columns] tensor. */
native_tensor native_rows(native_torch *torch, const native_tensor *base, int64_t first, int64_t count);

/* The transpose of a contiguous [rows, columns] tensor. */
native_tensor native_transposed(native_torch *torch, const native_tensor *base);

void native_free(native_torch *torch, native_tensor *tensor);

/* First byte of a host tensor, or NULL after a failure. */
void *native_data(native_torch *torch, const native_tensor *tensor);

/* to = from, between any two dtypes and devices. The second form may return before it is done. */
void native_copy(native_torch *torch, native_handle to, native_handle from);
void native_copy_async(native_torch *torch, native_handle to, native_handle from);
void native_zero(native_torch *torch, native_handle tensor);

/* out = a b;  out = c + a b;  the same for stacks of matrices. c may be out. */
void native_mm(native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_addmm(native_torch *torch, native_handle out, native_handle c, native_handle a, native_handle b);
void native_baddbmm(native_torch *torch, native_handle out, native_handle c, native_handle a,
                    native_handle b);

/* a + b; out = a * b (out may have any dtype and strides); a *= b; a * number. */
native_tensor native_add(native_torch *torch, const native_tensor *a, native_handle b, int32_t dtype);
void native_mul_out(native_torch *torch, native_handle out, native_handle a, native_handle b);
void native_mul_in_place(native_torch *torch, native_handle a, native_handle b);
native_tensor native_scale(native_torch *torch, const native_tensor *a, double factor);

/* x / sqrt(mean(x^2) + eps) over the last dimension, in float32, rounded to x's dtype, then times weight (of
 * x's dtype) in float32: give ones, and multiply apart, where the rounding in between matters. */
native_tensor native_rms_norm(native_torch *torch, const native_tensor *x, native_handle weight, double eps);
/* The usual layer norm over the last dimension, with weight and bias. */
native_tensor native_layer_norm(native_torch *torch, const native_tensor *x, native_handle weight,
                                native_handle bias, double eps);

void native_silu_in_place(native_torch *torch, native_handle x);
void native_sigmoid_in_place(native_torch *torch, native_handle x);

/* Softmax over the last dimension of [rows, columns], computed and given in float32. */
native_tensor native_softmax(native_torch *torch, const native_tensor *x);

/* The k greatest of each row, in descending order, and their columns. */
void native_topk(native_torch *torch, const native_tensor *x, int64_t k, native_tensor *values,
                 native_tensor *indices);

/* Index of the greatest element of all, into a tensor without dimensions of int64. */
void native_argmax(native_torch *torch, native_handle out, native_handle x);

/* Mean over dimension `dim`, which stays with size 1. */
native_tensor native_mean(native_torch *torch, const native_tensor *x, int dim);

/* out[i] = x[index[i]] over the first dimension. */
void native_gather_rows(native_torch *torch, native_handle out, native_handle x, native_handle index);
/* x[index[i]] = rows[i]. */
void native_put_rows(native_torch *torch, native_handle x, native_handle index, native_handle rows);
/* x with rows[i] added to x[index[i]] (indices may repeat). */
native_tensor native_add_rows(native_torch *torch, const native_tensor *x, native_handle index,
                              native_handle rows);

/* One row of zeros and a one for each index: [..., classes] of int64. */
native_tensor native_one_hot(native_torch *torch, const native_tensor *indices, int64_t classes);
/* Where x is not zero: [count, dimensions of x]. Waits for the device. */
native_tensor native_nonzero(native_torch *torch, const native_tensor *x);

/* The pairs of the last dimension (of size 2, float32) as complex numbers; shares memory with x. */
native_tensor native_as_complex(native_torch *torch, const native_tensor *x);

/* softmax(q k' / sqrt(head size)) v, for q of [batch, heads, queries, size] and k, v of [batch, heads, keys,
 * size], any strides. causal: query i sees keys 0..i. Gives [batch, queries, heads * size], contiguous. */
native_tensor native_attention(native_torch *torch, const native_tensor *q, const native_tensor *k,
                               const native_tensor *v, bool causal);

#endif
