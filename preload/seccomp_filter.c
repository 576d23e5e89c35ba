/* See seccomp_filter.h. An interpreter of the instructions that such filters may contain. */
#include "preload/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>

#if defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#define OWN_ARCH AUDIT_ARCH_X86_64
#endif

typedef struct {
    struct seccomp_data data;
    uint32_t a, x, memory[BPF_MEMWORDS];
} filter_machine;

static uint32_t load_word(const filter_machine *m, const struct sock_filter *i) {
    uint32_t word = i->k;
    if (BPF_MODE(i->code) == BPF_ABS) {
        word = 0;
        if (i->k <= sizeof m->data - sizeof word) {
            memcpy(&word, (const char *)&m->data + i->k, sizeof word);
        }
    } else if (BPF_MODE(i->code) == BPF_MEM) {
        word = m->memory[i->k % BPF_MEMWORDS];
    } else if (BPF_MODE(i->code) == BPF_LEN) {
        word = sizeof m->data;
    }
    return word;
}

static void compute(filter_machine *m, const struct sock_filter *i) {
    uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
    switch (BPF_OP(i->code)) {
    case BPF_ADD:
        m->a += operand;
        break;
    case BPF_SUB:
        m->a -= operand;
        break;
    case BPF_MUL:
        m->a *= operand;
        break;
    case BPF_DIV:
        m->a = operand ? m->a / operand : 0;
        break;
    case BPF_OR:
        m->a |= operand;
        break;
    case BPF_AND:
        m->a &= operand;
        break;
    case BPF_XOR:
        m->a ^= operand;
        break;
    case BPF_LSH:
        m->a <<= operand & 31;
        break;
    case BPF_RSH:
        m->a >>= operand & 31;
        break;
    default:
        m->a = -m->a;
    }
}

/* The number of following instructions to skip. */
static uint32_t jump_distance(const filter_machine *m, const struct sock_filter *i) {
    uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
    bool holds = false;
    switch (BPF_OP(i->code)) {
    case BPF_JA:
        return i->k;
    case BPF_JEQ:
        holds = m->a == operand;
        break;
    case BPF_JGT:
        holds = m->a > operand;
        break;
    case BPF_JGE:
        holds = m->a >= operand;
        break;
    default:
        holds = (m->a & operand) != 0;
    }
    return holds ? i->jt : i->jf;
}

/* The filter's result for a call; a filter that runs past its end returns 0, which kills the process. */
static uint32_t run_filter(const struct sock_fprog *filter, filter_machine *m) {
    for (uint64_t at = 0; at < filter->len; at++) {
        const struct sock_filter *i = &filter->filter[at];
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
            m->a = load_word(m, i);
            break;
        case BPF_LDX:
            m->x = load_word(m, i);
            break;
        case BPF_ST:
            m->memory[i->k % BPF_MEMWORDS] = m->a;
            break;
        case BPF_STX:
            m->memory[i->k % BPF_MEMWORDS] = m->x;
            break;
        case BPF_ALU:
            compute(m, i);
            break;
        case BPF_JMP:
            at += jump_distance(m, i);
            break;
        case BPF_RET:
            return BPF_RVAL(i->code) == BPF_A ? m->a : i->k;
        default:
            if (BPF_MISCOP(i->code) == BPF_TAX) {
                m->x = m->a;
            } else {
                m->a = m->x;
            }
        }
    }
    return 0;
}

bool preload_seccomp_may_install(const struct sock_fprog *filter) {
    return filter && filter->filter && filter->len > 0 && filter->len <= BPF_MAXINSNS;
}

static uint32_t action_for(const struct sock_fprog *filter, int number) {
    filter_machine m = {.data = {.nr = number, .arch = OWN_ARCH}};
    return run_filter(filter, &m) & SECCOMP_RET_ACTION_FULL;
}

bool preload_seccomp_allows(const struct sock_fprog *filter, int number) {
    uint32_t action = action_for(filter, number);
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

bool preload_seccomp_tolerates(const struct sock_fprog *filter, int number) {
    return preload_seccomp_allows(filter, number) || action_for(filter, number) == SECCOMP_RET_ERRNO;
}
