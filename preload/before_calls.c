/* Calls of the C library before which the recorder must act. None is wrapped: each continues by a jump, so that the
 * function sees its caller, arguments and stack as without the recorder (dlopen searches libraries relative to its
 * caller). */
#include "preload/before_calls.h"

#include "preload/confinement.h"
#include "preload/deepbind.h"
#include "preload/real_symbol.h"
#include "preload/recorder.h"
#include "preload/seccomp_filter.h"

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYS_LANDLOCK 446 /* SYS_landlock_restrict_self, which older headers lack */
#if defined(SYS_poll)
#define SYS_POLL SYS_poll
#else
#define SYS_POLL SYS_ppoll
#endif
#define THREAD_END_MS 2000u

/* CALL(name): preload_before_NAME runs first, with the arguments of the call, and returns the address to continue at. */
/* clang-format off */
#define BEFORE_CALLS(CALL) \
    CALL(dlopen) CALL(chroot) CALL(unshare) CALL(setns) CALL(prctl) CALL(syscall) \
    CALL(setuid) CALL(setgid) CALL(seteuid) CALL(setegid) CALL(setreuid) CALL(setregid) CALL(setresuid) CALL(setresgid) \
    CALL(setgroups) CALL(initgroups)
/* clang-format on */

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

/* The original functions. The constructor looks them up, since some calls are made in signal handlers. */
#define BEFORE_MEMBER(name) void *name;
static struct { BEFORE_CALLS(BEFORE_MEMBER) } original_call;

#define BEFORE_LOOK_UP(name) original_call.name = dlsym(RTLD_NEXT, #name);

void preload_before_calls_init(void) {
    BEFORE_CALLS(BEFORE_LOOK_UP)
}

/* Initialisers of other libraries may call these before the constructor ran. */
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
    if (path && !(flags & RTLD_NOLOAD)) {
        preload_real_symbol_before_load();
    }
    BEFORE_GO_ON(dlopen);
}

/* ---- the target drops privileges ---- */

/* With another identity or root directory the trace may be inaccessible. */
#define BEFORE_CONFINEMENT(name)                                                                             \
    void *preload_before_##name(void);                                                                       \
    void *preload_before_##name(void) {                                                                      \
        preload_recorder_before_confinement();                                                               \
        BEFORE_GO_ON(name);                                                                                  \
    }
BEFORE_CONFINEMENT(chroot)
BEFORE_CONFINEMENT(setuid)
BEFORE_CONFINEMENT(setgid)
BEFORE_CONFINEMENT(seteuid)
BEFORE_CONFINEMENT(setegid)
BEFORE_CONFINEMENT(setreuid)
BEFORE_CONFINEMENT(setregid)
BEFORE_CONFINEMENT(setresuid)
BEFORE_CONFINEMENT(setresgid)
BEFORE_CONFINEMENT(setgroups)
BEFORE_CONFINEMENT(initgroups)

/* Both calls fail for some flags in a multithreaded process. */
static void before_namespaces(long flags) {
    if (flags == 0 || flags & (CLONE_NEWNS | CLONE_NEWUSER)) {
        preload_recorder_before_confinement();
    }
    preload_recorder_be_alone(THREAD_END_MS);
}

void *preload_before_unshare(int flags);
void *preload_before_unshare(int flags) {
    before_namespaces(flags);
    BEFORE_GO_ON(unshare);
}

void *preload_before_setns(int fd, int type);
void *preload_before_setns(int fd, int type) {
    (void)fd;
    before_namespaces(type);
    BEFORE_GO_ON(setns);
}

/* System calls that the recorder needs after the target has installed a filter. Files need not be opened again. */
static bool is_recording_allowed(const struct sock_fprog *filter) {
    static const int needed[] = {SYS_write,         SYS_fstat,       SYS_newfstatat,      SYS_ftruncate,
                                 SYS_fcntl,         SYS_close,       SYS_futex,           SYS_rt_sigprocmask,
                                 SYS_rt_sigpending, SYS_mmap,        SYS_nanosleep,       SYS_rt_sigtimedwait,
                                 SYS_gettid,        SYS_getpid,      SYS_clock_nanosleep, SYS_prctl,
                                 SYS_POLL,          SYS_sigaltstack, SYS_clock_gettime};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!preload_seccomp_allows(filter, needed[i])) {
            return false;
        }
    }
    return true;
}

/* System calls that the C library makes to create and end a thread. Creating one may fail; ending one must not. */
static bool are_threads_tolerated(const struct sock_fprog *filter) {
    static const int needed[] = {SYS_clone,           SYS_clone3,  SYS_mprotect, SYS_rseq,        SYS_exit,
                                 SYS_set_robust_list, SYS_madvise, SYS_munmap,   SYS_rt_sigaction};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!preload_seccomp_tolerates(filter, needed[i])) {
            return false;
        }
    }
    return preload_seccomp_allows(filter, SYS_exit);
}

static void before_seccomp(bool strict, const struct sock_fprog *filter) {
    if (!strict && !preload_seccomp_may_install(filter)) {
        return; /* the call will fail: programs probe for filters this way */
    }
    preload_recorder_before_confinement();
    if (strict || !is_recording_allowed(filter)) {
        preload_recorder_give_up("the program restricts its system calls (seccomp)");
        return;
    }
    if (!preload_seccomp_allows(filter, SYS_openat)) {
        preload_forbid_opening();
    }
    if (!are_threads_tolerated(filter)) {
        preload_recorder_be_alone(THREAD_END_MS);
        preload_forbid_threads();
    }
}

void *preload_before_prctl(int option, unsigned long mode, const void *filter);
void *preload_before_prctl(int option, unsigned long mode, const void *filter) {
    if (option == PR_SET_SECCOMP) {
        before_seccomp(mode == SECCOMP_MODE_STRICT, filter);
    }
    BEFORE_GO_ON(prctl);
}

void *preload_before_syscall(long number, long first, long second, const void *third);
void *preload_before_syscall(long number, long first, long second, const void *third) {
    switch (number) {
    case SYS_seccomp:
        if (first == SECCOMP_SET_MODE_STRICT || first == SECCOMP_SET_MODE_FILTER) {
            before_seccomp(first == SECCOMP_SET_MODE_STRICT, third);
        }
        break;
    case SYS_prctl:
        if (first == PR_SET_SECCOMP) {
            before_seccomp(second == SECCOMP_MODE_STRICT, third);
        }
        break;
    case SYS_unshare:
        before_namespaces(first);
        break;
    case SYS_setns:
        before_namespaces(second);
        break;
    case SYS_chroot:
    case SYS_pivot_root:
    case SYS_LANDLOCK:
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setreuid:
    case SYS_setregid:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setgroups:
        preload_recorder_before_confinement();
        break;
    default:
        break;
    }
    BEFORE_GO_ON(syscall);
}
