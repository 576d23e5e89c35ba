/* Writes a trace of a made-up sweep, as long as wanted, with the recorder's own writer: for measuring the
 * analyser. The same seed gives the same bytes.
 *
 *   trace_generate FILE EVENTS SEED
 *
 * Requests at k = 1, 8 and 32 with prefill and 9 decode steps of 16 layers; each launch is an API event and a
 * kernel that runs some time later; a synchronisation closes each layer. */
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK   (64u << 10) /* as the recorder's */
#define KERNELS 24          /* distinct ones */
#define PENDING 4096        /* GPU records that are delivered together */
#define LAYERS  16
#define EXPERTS 64

static struct {
    FILE *file;
    uint64_t events, wanted, random, now, gpu_free;
    uint32_t strings, correlation;
    trace_chunk host;
    uint8_t host_bytes[CHUNK], other_bytes[CHUNK];
    trace_gpu_event pending[PENDING];
    size_t waiting;
    uint32_t api, sync, layer[LAYERS], expert[EXPERTS], names[16];
} g;

static uint64_t draw(uint64_t n) {
    g.random = g.random * 6364136223846793005u + 1442695040888963407u;
    return (g.random >> 33) % n;
}

static void put(const void *bytes, size_t len) {
    if (fwrite(bytes, 1, len, g.file) != len) {
        perror("trace_generate");
        exit(1);
    }
}

static uint32_t string(const char *text) {
    trace_chunk c;
    trace_chunk_begin(&c, g.other_bytes, sizeof g.other_bytes, TRACE_CHUNK_STRINGS, 0, 0);
    trace_put_string(&c, ++g.strings, text, strlen(text));
    put(g.other_bytes, trace_chunk_end(&c));
    return g.strings;
}

static uint32_t numbered(const char *word, unsigned n) {
    char text[32];
    snprintf(text, sizeof text, "%s%u", word, n);
    return string(text);
}

static void begin_host(void) {
    trace_chunk_begin(&g.host, g.host_bytes, sizeof g.host_bytes, TRACE_CHUNK_HOST, 0, g.now);
}

static void end_host(void) {
    put(g.host_bytes, trace_chunk_end(&g.host));
    begin_host();
}

static void host(const trace_host_event *e) {
    if (!trace_put_host(&g.host, e)) {
        end_host();
        trace_put_host(&g.host, e);
    }
    g.events++;
}

static void deliver(void) {
    trace_chunk c;
    if (g.waiting == 0) {
        return;
    }
    end_host(); /* CUPTI delivers long after the launches */
    trace_chunk_begin(&c, g.other_bytes, sizeof g.other_bytes, TRACE_CHUNK_GPU, 0, g.pending[0].start);
    for (size_t i = 0; i < g.waiting; i++) {
        if (!trace_put_gpu(&c, &g.pending[i])) {
            put(g.other_bytes, trace_chunk_end(&c));
            trace_chunk_begin(&c, g.other_bytes, sizeof g.other_bytes, TRACE_CHUNK_GPU, 0,
                              g.pending[i].start);
            trace_put_gpu(&c, &g.pending[i]);
        }
    }
    put(g.other_bytes, trace_chunk_end(&c));
    g.events += g.waiting;
    g.waiting = 0;
}

static void push(uint32_t name, uint64_t payload) {
    g.now += 150 + draw(100);
    host(&(trace_host_event){.kind = TRACE_HOST_PUSH,
                             .time = g.now,
                             .name = name,
                             .payload_type = payload ? TRACE_PAYLOAD_I64 : TRACE_PAYLOAD_NONE,
                             .payload = payload});
}

static void pop(void) {
    g.now += 100 + draw(100);
    host(&(trace_host_event){.kind = TRACE_HOST_POP, .time = g.now});
}

static void launch(uint32_t shape) {
    uint64_t took = 2500 + draw(1500);
    g.now += 3000 + draw(4000);
    host(&(trace_host_event){.kind = TRACE_HOST_API,
                             .time = g.now,
                             .duration = took,
                             .name = g.api,
                             .correlation = ++g.correlation});
    uint64_t start = g.now + 4000 > g.gpu_free ? g.now + 4000 : g.gpu_free + 800;
    g.gpu_free = start + 1500 + draw(5000);
    g.pending[g.waiting++] = (trace_gpu_event){.kind = TRACE_GPU_KERNEL,
                                               .timed = true,
                                               .start = start,
                                               .end = g.gpu_free,
                                               .correlation = g.correlation,
                                               .shape = shape};
    g.now += took;
    if (g.waiting == PENDING) {
        deliver();
    }
}

static void launches(unsigned n, uint32_t shape) {
    for (unsigned i = 0; i < n; i++) {
        launch((shape + i) % KERNELS);
    }
}

static void synchronise(void) {
    uint64_t end = g.gpu_free > g.now ? g.gpu_free + 2000 : g.now + 2000;
    host(&(trace_host_event){.kind = TRACE_HOST_API, .time = g.now, .duration = end - g.now, .name = g.sync});
    g.now = end;
}

enum { ATTENTION, MOE, ROUTER, HEAD, EMBED, PREFILL, DECODE };

static void layers(unsigned k, unsigned tokens) {
    push(g.names[EMBED], 0);
    launches(2, 0);
    pop();
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        push(g.layer[layer], 0);
        push(g.names[ATTENTION], 0);
        launches(9, 2);
        pop();
        push(g.names[MOE], 0);
        push(g.names[ROUTER], 0);
        launches(4, 11);
        synchronise();
        pop();
        unsigned active = k * tokens < EXPERTS ? k * tokens : EXPERTS;
        unsigned first = (unsigned)draw(EXPERTS);
        for (unsigned i = 0; i < active; i++) {
            push(g.expert[(first + i) % EXPERTS], k * tokens / active);
            launches(4, 15);
            pop();
        }
        launches(2, 19);
        pop();
        pop();
    }
    push(g.names[HEAD], 0);
    launches(3, 21);
    synchronise();
    pop();
}

static void request(unsigned k, uint32_t name, const uint32_t steps[9]) {
    push(name, 0);
    push(g.names[PREFILL], 0);
    layers(k, 340);
    pop();
    push(g.names[DECODE], 0);
    for (int i = 0; i < 9; i++) {
        push(steps[i], 0);
        layers(k, 1);
        pop();
    }
    pop();
    pop();
}

static void define(void) {
    static const char *const names[] = {"attention", "moe", "router", "head", "embed", "prefill", "decode"};
    trace_chunk c;
    uint32_t kernels[KERNELS];
    g.api = string("cudaLaunchKernel");
    g.sync = string("cudaStreamSynchronize");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        g.names[i] = string(names[i]);
    }
    for (unsigned i = 0; i < LAYERS; i++) {
        g.layer[i] = numbered("layer.", i);
    }
    for (unsigned i = 0; i < EXPERTS; i++) {
        g.expert[i] = numbered("expert.", i);
    }
    for (unsigned i = 0; i < KERNELS; i++) {
        kernels[i] = numbered("kernel_", i);
    }
    trace_chunk_begin(&c, g.other_bytes, sizeof g.other_bytes, TRACE_CHUNK_SHAPES, 0, 0);
    for (uint32_t i = 0; i < KERNELS; i++) {
        trace_put_shape(&c,
                        &(trace_shape){.id = i, .name = kernels[i], .grid = {i, 1, 1}, .block = {128, 1, 1}});
    }
    put(g.other_bytes, trace_chunk_end(&c));
}

static void sweep(void) {
    static const unsigned ks[] = {1, 8, 32};
    uint32_t steps[9], warmup = string("warmup.0"), top_k[3];
    for (unsigned i = 0; i < 9; i++) {
        steps[i] = numbered("decode.", i);
    }
    for (unsigned i = 0; i < 3; i++) {
        top_k[i] = numbered("top_k=", ks[i]);
    }
    begin_host();
    for (unsigned n = 0; g.events < g.wanted; n++) {
        uint32_t sample = warmup;
        if (n > 0) {
            sample = numbered("sample.", n);
        }
        for (unsigned i = 0; i < 3 && g.events < g.wanted; i++) {
            push(top_k[i], 0);
            request(ks[i], sample, steps);
            pop();
        }
    }
    end_host();
    deliver();
}

int main(int argc, char **argv) {
    if (argc != 4 || !(g.file = fopen(argv[1], "w"))) {
        fputs("usage: trace_generate FILE EVENTS SEED\n", stderr);
        return 2;
    }
    uint8_t header[TRACE_HEADER_BYTES];
    g.wanted = strtoull(argv[2], NULL, 10);
    g.random = strtoull(argv[3], NULL, 10);
    g.now = g.gpu_free = 1000000000;
    trace_encode_header(header, &(trace_header){.major = TRACE_VERSION_MAJOR,
                                                .minor = TRACE_VERSION_MINOR,
                                                .monotonic_ns = g.now,
                                                .pid = 1});
    put(header, sizeof header);
    define();
    sweep();
    trace_chunk c;
    trace_chunk_begin(&c, g.other_bytes, sizeof g.other_bytes, TRACE_CHUNK_END, 0, 0);
    trace_put_end(&c, g.now, "exit");
    put(g.other_bytes, trace_chunk_end(&c));
    if (fclose(g.file) != 0) {
        perror("trace_generate");
        return 1;
    }
    printf("%llu\n", (unsigned long long)g.events);
    return 0;
}
