/* Finding and opening libtorch: which folder, which device, and the state that every operator call shares.
 *
 * Errors of operators are sticky: the first one is kept, and every later call does nothing. A caller runs a
 * whole phase and checks once, at its end, whether it failed (native_torch_check). */
#ifndef NATIVE_TORCH_H
#define NATIVE_TORCH_H

#include "native/error.h"
#include "native/torch_abi.h"

typedef enum { NATIVE_AUTO, NATIVE_CPU, NATIVE_CUDA } native_device;
typedef enum { NATIVE_DTYPE_DEFAULT, NATIVE_BF16, NATIVE_FP16, NATIVE_FP32 } native_dtype;

typedef struct {
    native_torch_api api;
    native_device device; /* NATIVE_CPU or NATIVE_CUDA */
    int32_t device_type;  /* the same in c10's numbers */
    native_dtype dtype;   /* what weights and activations are kept in: never the default */
    int32_t work;         /* its code in c10's numbers */
    int32_t f32, f16, bf16, i64;
    char folder[4096]; /* the folder of libtorch_cpu.so */
    unsigned version;  /* major * 1000 + minor: 2011 for 2.11 */

    uint64_t operators; /* operator calls so far: what a phase costs the host is about in proportion to it */
    bool general_attention[2]; /* the fused kernel for float32, or for half precision, refused the model's
                                  shapes */
    bool capture;   /* collect what libtorch writes on standard error about a failure (set-up, warm-up) */
    int capture_fd; /* an unlinked file that stands in for standard error, or -1 */
    const char *failed_op; /* name of the first operator that failed, or NULL */
    char failed_why[512];  /* libtorch's own words, if they were collected */
} native_torch;

/* Opens libtorch from `folder` (a torch package or its lib folder; NULL: the variable MOETRACE_TORCH, then
 * the package of the python3 on the PATH, which is asked where it is but does not import it) and chooses
 * device and dtype: auto is cuda if libtorch_cuda loads and sees a device, the default dtype is bf16 on cuda
 * and fp32 on the cpu. On failure: false, status 2, what was looked for and how to fix it. */
bool native_torch_open(native_torch *torch, const char *folder, native_device device, native_dtype dtype,
                       native_error *error);

/* Waits until the device has done all that was asked of it on the current stream. */
void native_torch_sync(native_torch *torch);

/* True if no operator failed so far; otherwise `error` gets the operator's name and libtorch's reason,
 * status 1. */
bool native_torch_check(const native_torch *torch, native_error *error);

/* Closes what native_torch_open opened for itself (libtorch stays loaded: unloading it is not supported). */
void native_torch_close(native_torch *torch);

/* "cpu" or "cuda", and "bf16", "fp16" or "fp32". */
const char *native_device_name(native_device device);
const char *native_dtype_name(native_dtype dtype);

#endif
