/* Calls of the C library that the recorder must know of before they are made. None is wrapped: each goes on from
 * here by a jump, so that the function finds its caller, its arguments and the stack as they would be without the
 * recorder (dlopen looks for libraries where its caller's are). */
#include "preload/before_calls.h"

#include "preload/deepbind.h"

#include <dlfcn.h>

/* CALL(name): before it, preload_before_NAME is called with its first two arguments, and returns where it goes on. */
#define BEFORE_CALLS(CALL) CALL(dlopen)

#if defined(__x86_64__)
#define BEFORE_CALL(name)                                                                                    \
    ".globl " #name "\n.type " #name ",@function\n" #name ":\n"                                              \
    ".cfi_startproc\nendbr64\n"                                                                              \
    "push %rdi\npush %rsi\npush %rdx\npush %rcx\npush %r8\npush %r9\npush %rax\n.cfi_adjust_cfa_offset 56\n" \
    "call preload_before_" #name "\nmov %rax, %r11\n"                                                        \
    "pop %rax\npop %r9\npop %r8\npop %rcx\npop %rdx\npop %rsi\npop %rdi\n.cfi_adjust_cfa_offset -56\n"       \
    "jmp *%r11\n.cfi_endproc\n.size " #name ", .-" #name "\n"
#elif defined(__aarch64__)
#define BEFORE_CALL(name)                                                                                    \
    ".globl " #name "\n.type " #name ",%function\n" #name ":\n"                                              \
    ".cfi_startproc\nhint #34\n"                                                                             \
    "stp x29, x30, [sp, #-80]!\n.cfi_adjust_cfa_offset 80\n.cfi_rel_offset x30, 8\nmov x29, sp\n"            \
    "stp x0, x1, [sp, #16]\nstp x2, x3, [sp, #32]\nstp x4, x5, [sp, #48]\nstp x6, x7, [sp, #64]\n"           \
    "bl preload_before_" #name "\nmov x16, x0\n"                                                             \
    "ldp x0, x1, [sp, #16]\nldp x2, x3, [sp, #32]\nldp x4, x5, [sp, #48]\nldp x6, x7, [sp, #64]\n"           \
    "ldp x29, x30, [sp], #80\n.cfi_adjust_cfa_offset -80\n.cfi_restore x30\n"                                \
    "br x16\n.cfi_endproc\n.size " #name ", .-" #name "\n"
#else
#error "the jump is written for x86-64 and aarch64"
#endif
__asm__(".pushsection .text\n" BEFORE_CALLS(BEFORE_CALL) ".popsection\n");

/* Where each goes on. Found by the constructor: some are called in signal handlers. */
#define BEFORE_MEMBER(name) void *name;
static struct { BEFORE_CALLS(BEFORE_MEMBER) } original_call;

#define BEFORE_LOOK_UP(name) original_call.name = dlsym(RTLD_NEXT, #name);

void preload_before_calls_init(void) {
    BEFORE_CALLS(BEFORE_LOOK_UP)
}

/* Other libraries' initialisers may call before the constructor ran. */
#define BEFORE_GO_ON(name)                                                                                   \
    if (!original_call.name) {                                                                               \
        BEFORE_LOOK_UP(name)                                                                                 \
    }                                                                                                        \
    return original_call.name

void *preload_before_dlopen(const char *path, int flags);
void *preload_before_dlopen(const char *path, int flags) {
    if (path && (flags & RTLD_DEEPBIND)) {
        preload_deepbind_seen();
    }
    BEFORE_GO_ON(dlopen);
}
