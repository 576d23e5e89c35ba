/* CRC-32C: by the processor's instruction where available, else bit by bit. */
#include "trace/trace.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t len) {
    uint64_t state = crc;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        state = __builtin_ia32_crc32di(state, word);
    }
    for (; len > 0; p++, len--) {
        state = __builtin_ia32_crc32qi((uint32_t)state, *p);
    }
    return (uint32_t)state;
}
static bool crc_has_hardware(void) {
    return __builtin_cpu_supports("sse4.2");
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
#ifdef __clang__
#define CRC_TARGET "crc"
#define CRC_OF_8   __builtin_arm_crc32cd
#define CRC_OF_1   __builtin_arm_crc32cb
#else
#define CRC_TARGET "+crc"
#define CRC_OF_8   __builtin_aarch64_crc32cx
#define CRC_OF_1   __builtin_aarch64_crc32cb
#endif
__attribute__((target(CRC_TARGET))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t len) {
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        crc = CRC_OF_8(crc, word);
    }
    for (; len > 0; p++, len--) {
        crc = CRC_OF_1(crc, *p);
    }
    return crc;
}
static bool crc_has_hardware(void) {
    return (getauxval(AT_HWCAP) & (1u << 7)) != 0; /* HWCAP_CRC32 */
}
#else
static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t len) {
    (void)p, (void)len;
    return crc;
}
static bool crc_has_hardware(void) {
    return false;
}
#endif

static uint32_t crc_portable(uint32_t crc, const uint8_t *p, size_t len) {
    for (; len > 0; p++, len--) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

uint32_t trace_crc32c(uint32_t crc, const void *data, size_t len) {
    crc = ~crc;
    if (crc_has_hardware()) {
        return ~crc_hardware(crc, data, len);
    }
    return ~crc_portable(crc, data, len);
}
