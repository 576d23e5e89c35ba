/* The kernels that read, copy and fill memory, in PTX: the driver compiles it for whatever device
 * there is. Each thread takes 16 bytes at a time, four times a round, `step` bytes (16 for every thread there
 * is) apart, from `from` until `end`. */
#include "analysis/peakbench/peak_kernels_ptx.h"

#define HEAD                                                                                                 \
    "  .reg .pred again, odd;\n"                                                                             \
    "  .reg .b32 block, threads, thread, sum, base, mask, h, a, b, c, d;\n"                                  \
    "  .reg .b64 at, end, step, offset, other;\n"                                                            \
    "  ld.param.u64 at, [p_from];\n"                                                                         \
    "  ld.param.u64 end, [p_end];\n"                                                                         \
    "  ld.param.u64 step, [p_step];\n"                                                                       \
    "  mov.u32 block, %ctaid.x;\n"                                                                           \
    "  mov.u32 threads, %ntid.x;\n"                                                                          \
    "  mov.u32 thread, %tid.x;\n"                                                                            \
    "  mad.lo.u32 thread, block, threads, thread;\n"                                                         \
    "  mul.wide.u32 offset, thread, 16;\n"                                                                   \
    "  add.u64 at, at, offset;\n"

#define TAIL                                                                                                 \
    "  setp.lt.u64 again, at, end;\n"                                                                        \
    "  @again bra again_from_here;\n"

/* Loads, so that all four of a round are under way before the first is used. */
#define LOAD(n)                                                                                              \
    "  ld.global.nc.v4.u32 {a" n ", b" n ", c" n ", d" n "}, [at];\n"                                        \
    "  add.u64 at, at, step;\n"
#define SUM(n)                                                                                               \
    "  xor.b32 sum, sum, a" n ";\n"                                                                          \
    "  xor.b32 sum, sum, b" n ";\n"                                                                          \
    "  xor.b32 sum, sum, c" n ";\n"                                                                          \
    "  xor.b32 sum, sum, d" n ";\n"
#define STORE(n)                                                                                             \
    "  st.global.v4.u32 [other], {a" n ", b" n ", c" n ", d" n "};\n"                                        \
    "  add.u64 other, other, step;\n"
#define REGISTERS "  .reg .b32 a<4>, b<4>, c<4>, d<4>;\n"

/* The next number: Knuth's multiplication, with the high bits folded down, so that no two words are alike for
 * long. */
#define NUMBER(word)                                                                                         \
    "  mad.lo.u32 h, h, 1664525, 1013904223;\n"                                                              \
    "  shr.u32 " word ", h, 15;\n"                                                                           \
    "  xor.b32 " word ", " word ", h;\n"                                                                     \
    "  and.b32 " word ", " word ", mask;\n"                                                                  \
    "  or.b32 " word ", " word ", base;\n"

const char peakbench_kernels_ptx[] =
    ".version 6.4\n"
    ".target sm_70\n"
    ".address_size 64\n"

    ".visible .entry moetrace_read(.param .u64 p_from, .param .u64 p_end, .param .u64 p_step, .param .u64 "
    "p_other)\n"
    "{\n" HEAD REGISTERS "  mov.u32 sum, 0;\n"
    "again_from_here:\n" LOAD("0") LOAD("1") LOAD("2") LOAD("3") SUM("0") SUM("1") SUM("2") SUM("3") TAIL
    /* Never so, which only the writer of the buffer knows: the loads cannot be left out. */
    "  setp.eq.u32 odd, sum, 1234567891;\n"
    "  ld.param.u64 other, [p_other];\n"
    "  @odd st.global.u32 [other], sum;\n"
    "  ret;\n"
    "}\n"

    ".visible .entry moetrace_copy(.param .u64 p_from, .param .u64 p_end, .param .u64 p_step, .param .u64 "
    "p_other)\n"
    "{\n" HEAD REGISTERS "  ld.param.u64 other, [p_other];\n"
    "  add.u64 other, other, offset;\n"
    "again_from_here:\n" LOAD("0") LOAD("1") LOAD("2") LOAD("3") STORE("0") STORE("1") STORE("2") STORE("3")
        TAIL "  ret;\n"
             "}\n"

             ".visible .entry moetrace_fill(.param .u64 p_from, .param .u64 p_end, .param .u64 p_step, "
             ".param .u32 p_base,\n"
             "                              .param .u32 p_mask)\n"
             "{\n" HEAD "  ld.param.u32 base, [p_base];\n"
             "  ld.param.u32 mask, [p_mask];\n"
             "  mul.lo.u32 h, thread, 2654435761;\n"
             "again_from_here:\n" NUMBER("a") NUMBER("b") NUMBER("c")
                 NUMBER("d") "  st.global.v4.u32 [at], {a, b, c, d};\n"
                             "  add.u64 at, at, step;\n" TAIL "  ret;\n"
                             "}\n";
