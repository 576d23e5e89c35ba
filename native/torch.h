/* Locates and loads libtorch, selects the device, and holds the state that all operator calls share.
 *
 * Errors of operators are sticky: the first one is kept, and all later calls do nothing. A caller runs a complete phase and
 * checks once at its end (native_torch_check). */
#ifndef NATIVE_TORCH_H
#define NATIVE_TORCH_H

#include "native/error.h"
#include "native/torch_abi.h"

typedef enum { NATIVE_AUTO, NATIVE_CPU, NATIVE_CUDA } native_device;
typedef enum { NATIVE_DTYPE_DEFAULT, NATIVE_BF16, NATIVE_FP16, NATIVE_FP32 } native_dtype;

typedef struct {
    native_torch_api api;
    native_device device; /* NATIVE_CPU or NATIVE_CUDA */
    int32_t device_type;  /* the same as c10::DeviceType */
    native_dtype dtype;   /* of weights and activations; never NATIVE_DTYPE_DEFAULT */
    int32_t work;         /* the same as c10::ScalarType */
    int32_t f32, f16, bf16, i64;
    char folder[4096]; /* the folder of libtorch_cpu.so */
    unsigned version;  /* major * 1000 + minor: 2011 for 2.11 */

    uint64_t operators;        /* operator calls so far; a phase's host time is roughly proportional to it */
    bool general_attention[2]; /* the fused attention kernel for float32, for half precision, does not support
                                  the model's shapes */
    bool capture;   /* capture libtorch's messages on standard error about a failure (set-up, warm-up) */
    int capture_fd; /* an unlinked file that replaces standard error meanwhile, or -1 */
    const char *failed_op; /* name of the first operator that failed, or NULL */
    char failed_why[512];  /* libtorch's message, if it was captured */
} native_torch;

/* Loads libtorch from `folder` (a torch package or its lib folder; NULL: the variable MOETRACE_TORCH, else the package of
 * the python3 on PATH, located without importing it) and selects device and dtype: auto is cuda if libtorch_cuda loads and
 * finds a device; the default dtype is bf16 on cuda and fp32 on the cpu. On failure: false, status 2, what was searched and
 * what to do. */
bool native_torch_open(native_torch *torch, const char *folder, native_device device, native_dtype dtype,
                       native_error *error);

/* Waits until the device has completed all work on the current stream. */
void native_torch_sync(native_torch *torch);

/* Returns true if no operator has failed; otherwise false, status 1, the operator's name and libtorch's message. */
bool native_torch_check(const native_torch *torch, native_error *error);

/* Frees the resources of native_torch_open; libtorch stays loaded, because it does not support unloading. */
void native_torch_close(native_torch *torch);

/* Return "cpu" or "cuda", and "bf16", "fp16" or "fp32". */
const char *native_device_name(native_device device);
const char *native_dtype_name(native_dtype dtype);

#endif
