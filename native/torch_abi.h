/* The part of libtorch's exported C functions that run_native calls (PyTorch 2.10 and later), declared here
 * because the headers of PyTorch that declare them need a C++ compiler. Every function is found with dlsym;
 * none is linked.
 *
 * Each function that returns native_torch_status returns 0 for success. A failed one has written an explanation
 * on standard error. Handles that a function returns are owned by the caller. */
#ifndef NATIVE_TORCH_ABI_H
#define NATIVE_TORCH_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct native_torch_tensor *native_handle; /* an at::Tensor that the caller owns */
typedef struct native_torch_list *native_list;     /* a list argument of an operator called by name */
typedef struct native_torch_guard *native_guard;   /* makes a stream the current one until it is deleted */
typedef int32_t native_torch_status;

enum { NATIVE_DEVICE_CPU = 0, NATIVE_DEVICE_CUDA = 1 }; /* c10's numbers for device types */

/* X(result, name, arguments): in libtorch_cpu.so, whatever the device. */
#define NATIVE_TORCH_COMMON(X)                                                                               \
    X(uint64_t, aoti_torch_abi_version, (void))                                                              \
    X(int32_t, aoti_torch_dtype_float32, (void))                                                             \
    X(int32_t, aoti_torch_dtype_float16, (void))                                                             \
    X(int32_t, aoti_torch_dtype_bfloat16, (void))                                                            \
    X(int32_t, aoti_torch_dtype_int64, (void))                                                               \
    X(int32_t, aoti_torch_dtype_complex64, (void))                                                           \
    X(int32_t, aoti_torch_layout_strided, (void))                                                            \
    X(void, aoti_torch_grad_mode_set_enabled, (bool enabled))                                                \
    X(native_torch_status, aoti_torch_empty_strided,                                                         \
      (int64_t ndim, const int64_t *sizes, const int64_t *strides, int32_t dtype, int32_t device_type,       \
       int32_t device_index, native_handle *out))                                                            \
    X(native_torch_status, aoti_torch_empty_strided_pinned,                                                  \
      (int64_t ndim, const int64_t *sizes, const int64_t *strides, int32_t dtype, int32_t device_type,       \
       int32_t device_index, native_handle *out))                                                            \
    X(native_torch_status, aoti_torch_create_tensor_from_blob_v2,                                            \
      (void *data, int64_t ndim, const int64_t *sizes, const int64_t *strides, int64_t offset,               \
       int32_t dtype, int32_t device_type, int32_t device_index, native_handle *out, int32_t layout,         \
       const uint8_t *metadata, int64_t metadata_size))                                                      \
    X(native_torch_status, aoti_torch__reinterpret_tensor,                                                   \
      (native_handle base, int64_t ndim, const int64_t *sizes, const int64_t *strides, int64_t further,      \
       native_handle *out))                                                                                  \
    X(native_torch_status, aoti_torch_new_tensor_handle, (native_handle original, native_handle * out))      \
    X(native_torch_status, aoti_torch_delete_tensor_object, (native_handle tensor))                          \
    X(native_torch_status, aoti_torch_get_data_ptr, (native_handle tensor, void **out))                      \
    X(native_torch_status, aoti_torch_get_sizes, (native_handle tensor, int64_t * *out))                     \
    X(native_torch_status, aoti_torch_get_strides, (native_handle tensor, int64_t * *out))                   \
    X(native_torch_status, aoti_torch_copy_, (native_handle to, native_handle from, int32_t non_blocking))   \
    X(native_torch_status, aoti_torch_zero_, (native_handle tensor))                                         \
    X(native_torch_status, aoti_torch_call_dispatcher,                                                       \
      (const char *operator_name, const char *overload, uint64_t *stack))                                    \
    X(native_torch_status, torch_new_list_reserve_size, (size_t size, native_list * out))                    \
    X(native_torch_status, torch_list_push_back, (native_list list, uint64_t element))

/* X(name, arguments): exported as aoti_torch_cpu_NAME and aoti_torch_cuda_NAME. */
#define NATIVE_TORCH_DEVICE(X)                                                                               \
    X(mm_out, (native_handle out, native_handle a, native_handle b))                                         \
    X(addmm_out,                                                                                             \
      (native_handle out, native_handle c, native_handle a, native_handle b, double beta, double alpha))     \
    X(baddbmm_out,                                                                                           \
      (native_handle out, native_handle c, native_handle a, native_handle b, double beta, double alpha))     \
    X(_fused_rms_norm, (native_handle x, const int64_t *shape, int64_t shape_length, native_handle *weight,  \
                        double *eps, native_handle *out, native_handle *rstd))                               \
    X(topk, (native_handle x, int64_t k, int64_t dim, int32_t largest, int32_t sorted,                       \
             native_handle * values, native_handle * indices))                                               \
    X(nonzero, (native_handle x, native_handle * out))                                                       \
    X(add_Tensor, (native_handle a, native_handle b, double alpha, native_handle *out))                      \
    X(mul_Scalar, (native_handle a, double b, native_handle *out))                                           \
    X(index_put, (native_handle x, const native_handle **indices, int64_t count, native_handle values,       \
                  int32_t accumulate, native_handle *out))                                                   \
    X(view_as_complex, (native_handle x, native_handle * out))

/* X(name, arguments): in libtorch_cuda.so only. */
#define NATIVE_TORCH_CUDA(X)                                                                                 \
    X(aoti_torch_get_current_cuda_stream, (int32_t device_index, void **out))                                \
    X(torch_cuda_stream_synchronize, (void *stream, int32_t device_index))                                   \
    X(aoti_torch_create_cuda_stream_guard, (void *stream, int32_t device_index, native_guard *out))          \
    X(aoti_torch_delete_cuda_stream_guard, (native_guard guard))                                             \
    X(aoti_torch_cuda__scaled_dot_product_flash_attention,                                                   \
      (native_handle q, native_handle k, native_handle v, double dropout, int32_t causal,                    \
       int32_t debug_mask, double *scale, native_handle *out, native_handle *logsumexp,                      \
       native_handle *cum_q, native_handle *cum_k, int64_t *max_q, int64_t *max_k, native_handle *seed,      \
       native_handle *offset, native_handle *mask))                                                          \
    X(aoti_torch_cuda__scaled_dot_product_efficient_attention,                                               \
      (native_handle q, native_handle k, native_handle v, native_handle * bias, int32_t logsumexp_wanted,    \
       double dropout, int32_t causal, double *scale, native_handle *out, native_handle *logsumexp,          \
       native_handle *seed, native_handle *offset))

/* The functions, once found. */
typedef struct {
#define NATIVE_MEMBER(result, name, arguments) result(*name) arguments;
    NATIVE_TORCH_COMMON(NATIVE_MEMBER)
#undef NATIVE_MEMBER
#define NATIVE_MEMBER(name, arguments) native_torch_status(*name) arguments;
    NATIVE_TORCH_DEVICE(NATIVE_MEMBER)
    NATIVE_TORCH_CUDA(NATIVE_MEMBER)
#undef NATIVE_MEMBER
    void *(*operator_new)(size_t); /* C++'s: what holds an optional argument is freed by C++'s delete */
} native_torch_api;

#endif
