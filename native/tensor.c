/* Operators over libtorch's C functions; see tensor.h. Those that PyTorch exports by name for the device are
 * called so; the others go through the dispatcher, whose arguments are 64-bit values and which takes over the
 * handles it is given. */
#include "native/tensor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Keeps the first line of what libtorch wrote, without its prefix. */
static void keep_failure_reason(native_torch *torch, const char *text) {
    static const char prefix[] = "Exception in aoti_torch: ";
    const char *start = strstr(text, prefix);
    start = start != NULL ? start + sizeof prefix - 1 : text;
    snprintf(torch->failed_why, sizeof torch->failed_why, "%.*s", (int)strcspn(start, "\n"), start);
}

/* Reads what was collected while standard error was redirected, and empties the file. */
static void collect_libtorch_output(native_torch *torch, bool failed) {
    char text[4096];
    off_t length = lseek(torch->capture_fd, 0, SEEK_CUR);
    if (length <= 0) {
        return;
    }
    ssize_t got = pread(torch->capture_fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    if (failed) {
        keep_failure_reason(torch, text);
    } else {
        fputs(text, stderr); /* a warning: not ours to keep */
    }
    lseek(torch->capture_fd, 0, SEEK_SET);
    if (ftruncate(torch->capture_fd, 0) != 0) {
        torch->capture = false;
    }
}

static int redirect_stderr(const native_torch *torch) {
    if (!torch->capture) {
        return -1;
    }
    int saved = dup(STDERR_FILENO);
    if (saved >= 0) {
        dup2(torch->capture_fd, STDERR_FILENO);
    }
    return saved;
}

static void restore_stderr(native_torch *torch, int saved, bool failed) {
    if (saved < 0) {
        return;
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    collect_libtorch_output(torch, failed);
}

/* Runs one call of libtorch as the operator `name`, unless something failed before. */
#define RUN(torch, name, call)                                                                               \
    do {                                                                                                     \
        if ((torch)->failed_op == NULL) {                                                                    \
            (torch)->operators++;                                                                            \
            int saved_ = redirect_stderr(torch);                                                             \
            native_torch_status status_ = (call);                                                            \
            restore_stderr(torch, saved_, status_ != 0);                                                     \
            if (status_ != 0) {                                                                              \
                (torch)->failed_op = (name);                                                                 \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

static void delete_tensor_handle(native_torch *torch, native_handle handle) {
    if (handle != NULL) {
        torch->api.aoti_torch_delete_tensor_object(handle);
    }
}

static native_tensor make_tensor(native_handle handle, int32_t dtype, int ndim, const int64_t *size) {
    native_tensor tensor = {.handle = handle, .dtype = dtype, .ndim = ndim};
    memcpy(tensor.size, size, (size_t)ndim * sizeof *size);
    return tensor;
}

static void contiguous_strides(int ndim, const int64_t *size, int64_t *stride) {
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        stride[i] = step;
        step *= size[i];
    }
}

static native_tensor empty_on(native_torch *torch, int32_t device_type, int32_t dtype, int ndim,
                              const int64_t *size) {
    int64_t stride[NATIVE_MAX_DIMS];
    native_handle out = NULL;
    contiguous_strides(ndim, size, stride);
    RUN(torch, "aten::empty_strided",
        torch->api.aoti_torch_empty_strided(ndim, size, stride, dtype, device_type, 0, &out));
    return make_tensor(out, dtype, ndim, size);
}

native_tensor native_empty(native_torch *torch, int32_t dtype, int ndim, const int64_t *size) {
    return empty_on(torch, torch->device_type, dtype, ndim, size);
}

native_tensor native_empty_host(native_torch *torch, int32_t dtype, int ndim, const int64_t *size) {
    return empty_on(torch, NATIVE_DEVICE_CPU, dtype, ndim, size);
}

native_tensor native_empty_pinned(native_torch *torch, int32_t dtype, int ndim, const int64_t *size) {
    if (torch->device != NATIVE_CUDA) {
        return native_empty_host(torch, dtype, ndim, size);
    }
    int64_t stride[NATIVE_MAX_DIMS];
    native_handle out = NULL;
    contiguous_strides(ndim, size, stride);
    RUN(torch, "aten::empty_strided (pinned)",
        torch->api.aoti_torch_empty_strided_pinned(ndim, size, stride, dtype, NATIVE_DEVICE_CPU, 0, &out));
    return make_tensor(out, dtype, ndim, size);
}

native_tensor native_wrap_strided(native_torch *torch, void *data, int32_t dtype, int ndim,
                                  const int64_t *size, const int64_t *stride) {
    native_handle out = NULL;
    RUN(torch, "from_blob",
        torch->api.aoti_torch_create_tensor_from_blob_v2(data, ndim, size, stride, 0, dtype,
                                                         NATIVE_DEVICE_CPU, 0, &out,
                                                         torch->api.aoti_torch_layout_strided(), NULL, 0));
    return make_tensor(out, dtype, ndim, size);
}

native_tensor native_wrap_host(native_torch *torch, void *data, int32_t dtype, int ndim,
                               const int64_t *size) {
    int64_t stride[NATIVE_MAX_DIMS];
    contiguous_strides(ndim, size, stride);
    return native_wrap_strided(torch, data, dtype, ndim, size, stride);
}

native_tensor native_view(native_torch *torch, const native_tensor *base, int64_t offset, int ndim,
                          const int64_t *size, const int64_t *stride) {
    native_handle out = NULL;
    /* Not counted as an operator: nothing is dispatched, nothing runs. */
    if (torch->failed_op == NULL &&
        torch->api.aoti_torch__reinterpret_tensor(base->handle, ndim, size, stride, offset, &out) != 0) {
        torch->failed_op = "reinterpret_tensor";
    }
    return make_tensor(out, base->dtype, ndim, size);
}

native_tensor native_rows(native_torch *torch, const native_tensor *base, int64_t first, int64_t count) {
    int64_t columns = base->size[1];
    return native_view(torch, base, first * columns, 2, NATIVE_DIMS(count, columns), NATIVE_DIMS(columns, 1));
}

native_tensor native_transposed(native_torch *torch, const native_tensor *base) {
    return native_view(torch, base, 0, 2, NATIVE_DIMS(base->size[1], base->size[0]),
                       NATIVE_DIMS(1, base->size[1]));
}

void native_free(native_torch *torch, native_tensor *tensor) {
    delete_tensor_handle(torch, tensor->handle);
    tensor->handle = NULL;
}

void *native_data(native_torch *torch, const native_tensor *tensor) {
    void *data = NULL;
    if (torch->failed_op == NULL && torch->api.aoti_torch_get_data_ptr(tensor->handle, &data) != 0) {
        torch->failed_op = "data_ptr";
    }
    return torch->failed_op == NULL ? data : NULL;
}

void native_copy(native_torch *torch, native_handle to, native_handle from) {
    RUN(torch, "aten::copy_", torch->api.aoti_torch_copy_(to, from, 0));
}

void native_copy_async(native_torch *torch, native_handle to, native_handle from) {
    RUN(torch, "aten::copy_", torch->api.aoti_torch_copy_(to, from, 1));
}

void native_zero(native_torch *torch, native_handle tensor) {
    RUN(torch, "aten::zero_", torch->api.aoti_torch_zero_(tensor));
}

/* A handle as an argument of the dispatcher, which takes ownership: it gets one of its own. */
static uint64_t tensor_argument(native_torch *torch, native_handle handle) {
    native_handle copy = NULL;
    if (torch->failed_op == NULL && torch->api.aoti_torch_new_tensor_handle(handle, &copy) != 0) {
        torch->failed_op = "new_tensor_handle";
    }
    return (uint64_t)(uintptr_t)copy;
}

static uint64_t double_argument(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A value for an argument that may be absent. */
static uint64_t optional_argument(native_torch *torch, uint64_t value) {
    uint64_t *box = torch->api.operator_new(sizeof *box);
    *box = value;
    return (uint64_t)(uintptr_t)box;
}

/* A list of one integer. */
static uint64_t make_handle_list(native_torch *torch, int64_t value) {
    native_list list = NULL;
    if (torch->failed_op == NULL && (torch->api.torch_new_list_reserve_size(1, &list) != 0 ||
                                     torch->api.torch_list_push_back(list, (uint64_t)value) != 0)) {
        torch->failed_op = "list";
    }
    return (uint64_t)(uintptr_t)list;
}

/* Calls an operator with one tensor as its result, which comes back in the stack's first place. */
static native_handle call_dispatcher(native_torch *torch, const char *name, const char *overload,
                                     uint64_t *stack) {
    if (torch->failed_op != NULL) {
        return NULL;
    }
    RUN(torch, name, torch->api.aoti_torch_call_dispatcher(name, overload, stack));
    return torch->failed_op == NULL ? (native_handle)(uintptr_t)stack[0] : NULL;
}

void native_mm(native_torch *torch, native_handle out, native_handle a, native_handle b) {
    RUN(torch, "aten::mm", torch->api.mm_out(out, a, b));
}

void native_addmm(native_torch *torch, native_handle out, native_handle c, native_handle a, native_handle b) {
    RUN(torch, "aten::addmm", torch->api.addmm_out(out, c, a, b, 1.0, 1.0));
}

void native_baddbmm(native_torch *torch, native_handle out, native_handle c, native_handle a,
                    native_handle b) {
    RUN(torch, "aten::baddbmm", torch->api.baddbmm_out(out, c, a, b, 1.0, 1.0));
}

native_tensor native_add(native_torch *torch, const native_tensor *a, native_handle b, int32_t dtype) {
    native_handle out = NULL;
    RUN(torch, "aten::add", torch->api.add_Tensor(a->handle, b, 1.0, &out));
    return make_tensor(out, dtype, a->ndim, a->size);
}

void native_mul_out(native_torch *torch, native_handle out, native_handle a, native_handle b) {
    uint64_t stack[] = {tensor_argument(torch, a), tensor_argument(torch, b), tensor_argument(torch, out)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::mul", "out", stack));
}

void native_mul_in_place(native_torch *torch, native_handle a, native_handle b) {
    uint64_t stack[] = {tensor_argument(torch, a), tensor_argument(torch, b)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::mul_", "Tensor", stack));
}

native_tensor native_scale(native_torch *torch, const native_tensor *a, double factor) {
    native_handle out = NULL;
    RUN(torch, "aten::mul", torch->api.mul_Scalar(a->handle, factor, &out));
    return make_tensor(out, a->dtype, a->ndim, a->size);
}

native_tensor native_rms_norm(native_torch *torch, const native_tensor *x, native_handle weight, double eps) {
    native_handle out = NULL, rstd = NULL;
    RUN(torch, "aten::_fused_rms_norm",
        torch->api._fused_rms_norm(x->handle, &x->size[x->ndim - 1], 1, &weight, &eps, &out, &rstd));
    delete_tensor_handle(torch, rstd);
    return make_tensor(out, x->dtype, x->ndim, x->size);
}

native_tensor native_layer_norm(native_torch *torch, const native_tensor *x, native_handle weight,
                                native_handle bias, double eps) {
    if (torch->failed_op != NULL) {
        return make_tensor(NULL, x->dtype, x->ndim, x->size);
    }
    uint64_t stack[] = {tensor_argument(torch, x->handle),
                        make_handle_list(torch, x->size[x->ndim - 1]),
                        optional_argument(torch, tensor_argument(torch, weight)),
                        optional_argument(torch, tensor_argument(torch, bias)),
                        double_argument(eps),
                        1};
    return make_tensor(call_dispatcher(torch, "aten::layer_norm", "", stack), x->dtype, x->ndim, x->size);
}

void native_silu_in_place(native_torch *torch, native_handle x) {
    uint64_t stack[] = {tensor_argument(torch, x)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::silu_", "", stack));
}

void native_sigmoid_in_place(native_torch *torch, native_handle x) {
    uint64_t stack[] = {tensor_argument(torch, x)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::sigmoid_", "", stack));
}

native_tensor native_softmax(native_torch *torch, const native_tensor *x) {
    native_tensor out = make_tensor(NULL, torch->f32, x->ndim, x->size);
    if (torch->failed_op == NULL) {
        uint64_t stack[] = {tensor_argument(torch, x->handle), (uint64_t)(x->ndim - 1),
                            optional_argument(torch, (uint64_t)(uint32_t)torch->f32)};
        out.handle = call_dispatcher(torch, "aten::softmax", "int", stack);
    }
    return out;
}

void native_topk(native_torch *torch, const native_tensor *x, int64_t k, native_tensor *values,
                 native_tensor *indices) {
    native_handle v = NULL, i = NULL;
    RUN(torch, "aten::topk", torch->api.topk(x->handle, k, 1, 1, 1, &v, &i));
    *values = make_tensor(v, x->dtype, 2, NATIVE_DIMS(x->size[0], k));
    *indices = make_tensor(i, torch->i64, 2, NATIVE_DIMS(x->size[0], k));
}

void native_argmax(native_torch *torch, native_handle out, native_handle x) {
    uint64_t stack[] = {tensor_argument(torch, x), 0, 0, tensor_argument(torch, out)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::argmax", "out", stack));
}

native_tensor native_mean(native_torch *torch, const native_tensor *x, int dim) {
    native_tensor mean = make_tensor(NULL, x->dtype, x->ndim, x->size);
    mean.size[dim] = 1;
    if (torch->failed_op == NULL) {
        uint64_t stack[] = {tensor_argument(torch, x->handle),
                            optional_argument(torch, make_handle_list(torch, dim)), 1, 0};
        mean.handle = call_dispatcher(torch, "aten::mean", "dim", stack);
    }
    return mean;
}

void native_gather_rows(native_torch *torch, native_handle out, native_handle x, native_handle index) {
    uint64_t stack[] = {tensor_argument(torch, x), 0, tensor_argument(torch, index),
                        tensor_argument(torch, out)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::index_select", "out", stack));
}

void native_put_rows(native_torch *torch, native_handle x, native_handle index, native_handle rows) {
    uint64_t stack[] = {tensor_argument(torch, x), 0, tensor_argument(torch, index),
                        tensor_argument(torch, rows)};
    delete_tensor_handle(torch, call_dispatcher(torch, "aten::index_copy_", "", stack));
}

native_tensor native_add_rows(native_torch *torch, const native_tensor *x, native_handle index,
                              native_handle rows) {
    native_handle out = NULL;
    const native_handle *indices[] = {&index};
    RUN(torch, "aten::index_put", torch->api.index_put(x->handle, indices, 1, rows, 1, &out));
    return make_tensor(out, x->dtype, x->ndim, x->size);
}

native_tensor native_one_hot(native_torch *torch, const native_tensor *indices, int64_t classes) {
    uint64_t stack[] = {tensor_argument(torch, indices->handle), (uint64_t)classes};
    native_tensor out = make_tensor(call_dispatcher(torch, "aten::one_hot", "", stack), torch->i64,
                                    indices->ndim, indices->size);
    out.size[out.ndim++] = classes;
    return out;
}

native_tensor native_nonzero(native_torch *torch, const native_tensor *x) {
    native_handle out = NULL;
    int64_t *size = NULL;
    RUN(torch, "aten::nonzero", torch->api.nonzero(x->handle, &out));
    if (torch->failed_op == NULL && torch->api.aoti_torch_get_sizes(out, &size) != 0) {
        torch->failed_op = "sizes";
    }
    return make_tensor(out, torch->i64, 2, NATIVE_DIMS(torch->failed_op == NULL ? size[0] : 0, x->ndim));
}

native_tensor native_as_complex(native_torch *torch, const native_tensor *x) {
    native_handle out = NULL;
    RUN(torch, "aten::view_as_complex", torch->api.view_as_complex(x->handle, &out));
    return make_tensor(out, torch->api.aoti_torch_dtype_complex64(), x->ndim - 1, x->size);
}

/* The fused kernels of CUDA, called directly: the general operator might choose one that plans anew for every
 * length. False if it refuses these shapes. */
static bool fused_attention(native_torch *torch, native_handle q, native_handle k, native_handle v,
                            int32_t dtype, bool causal, native_handle *out) {
    native_handle extra[7] = {NULL};
    int64_t longest[2];
    int saved = redirect_stderr(torch);
    native_torch_status status;
    torch->operators++;
    if (dtype == torch->f32) {
        status = torch->api.aoti_torch_cuda__scaled_dot_product_efficient_attention(
            q, k, v, NULL, 0, 0.0, causal, NULL, out, &extra[0], &extra[1], &extra[2]);
    } else {
        status = torch->api.aoti_torch_cuda__scaled_dot_product_flash_attention(
            q, k, v, 0.0, causal, 0, NULL, out, &extra[0], &extra[1], &extra[2], &longest[0], &longest[1],
            &extra[3], &extra[4], &extra[5]);
    }
    restore_stderr(torch, saved, status != 0);
    for (int i = 0; i < 7 && status == 0; i++) {
        delete_tensor_handle(torch, extra[i]);
    }
    return status == 0;
}

static native_handle general_attention(native_torch *torch, native_handle q, native_handle k, native_handle v,
                                       bool causal) {
    uint64_t stack[] = {tensor_argument(torch, q),
                        tensor_argument(torch, k),
                        tensor_argument(torch, v),
                        0,
                        double_argument(0.0),
                        causal,
                        0,
                        0};
    return call_dispatcher(torch, "aten::scaled_dot_product_attention", "", stack);
}

native_tensor native_attention(native_torch *torch, const native_tensor *q, const native_tensor *k,
                               const native_tensor *v, bool causal) {
    int64_t batch = q->size[0], heads = q->size[1], queries = q->size[2], width = q->size[3];
    int64_t size[] = {batch, queries, heads * width};
    native_tensor none = make_tensor(NULL, q->dtype, 3, size);
    native_handle out = NULL;
    bool half = q->dtype != torch->f32;
    if (torch->failed_op != NULL) {
        return none;
    }
    if (torch->device == NATIVE_CUDA && !torch->general_attention[half] &&
        !fused_attention(torch, q->handle, k->handle, v->handle, q->dtype, causal, &out)) {
        torch->general_attention[half] = true;
        torch->failed_why[0] = '\0';
        out = NULL;
    }
    if (out == NULL) {
        out = general_attention(torch, q->handle, k->handle, v->handle, causal);
    }
    int64_t *stride = NULL;
    if (torch->failed_op == NULL && torch->api.aoti_torch_get_strides(out, &stride) != 0) {
        torch->failed_op = "strides";
    }
    if (torch->failed_op != NULL) {
        delete_tensor_handle(torch, out);
        return none;
    }
    native_tensor result = make_tensor(out, q->dtype, 4, q->size), merged;
    bool in_order = stride[3] == 1 && (heads == 1 || stride[1] == width) &&
                    (queries == 1 || stride[2] == heads * width) &&
                    (batch == 1 || stride[0] == queries * heads * width);
    if (in_order) {
        merged =
            native_view(torch, &result, 0, 3, size, NATIVE_DIMS(queries * heads * width, heads * width, 1));
    } else {
        merged = native_empty(torch, q->dtype, 3, size);
        native_tensor by_head = native_view(torch, &merged, 0, 4, q->size,
                                            NATIVE_DIMS(queries * heads * width, width, heads * width, 1));
        native_copy(torch, by_head.handle, out);
        native_free(torch, &by_head);
    }
    native_free(torch, &result);
    return merged;
}
