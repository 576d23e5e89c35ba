/* A target with the ranges of a MolmoE run and no CUDA: `nvtx_requests RANGES [threads]`. Requests at k = 8
 * of prefill and nine decode steps, of 16 layers of 8 experts each (1,452 ranges), until there were so many
 * ranges. Prints how many there were of each kind, and ends with status 5. With "threads", four threads do it
 * at once. */
#include <nvtx3/nvToolsExt.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 16, EXPERTS = 8, STEPS = 9, THREADS = 4 };

typedef struct {
    long wanted, made;
    long requests, phases, steps, layers, experts;
} run;

static void push(run *r, long *kind, const char *name, long number) {
    char text[32];
    snprintf(text, sizeof text, number < 0 ? "%s" : "%s.%ld", name, number);
    nvtxRangePushA(text);
    r->made++;
    ++*kind;
}

static void model(run *r) {
    for (int layer = 0; layer < LAYERS; layer++) {
        push(r, &r->layers, "layer", layer);
        for (int expert = 0; expert < EXPERTS; expert++) {
            push(r, &r->experts, "expert", (expert * 11 + layer) % 64);
            nvtxRangePop();
        }
        nvtxRangePop();
    }
}

static void *requests(void *argument) {
    run *r = argument;
    nvtxRangePushA("top_k=8");
    r->made++;
    while (r->made < r->wanted) {
        push(r, &r->requests, "sample", r->requests);
        push(r, &r->phases, "prefill", -1);
        model(r);
        nvtxRangePop();
        push(r, &r->phases, "decode", -1);
        for (int step = 0; step < STEPS; step++) {
            push(r, &r->steps, "decode", step);
            model(r);
            nvtxRangePop();
        }
        nvtxRangePop();
        nvtxRangePop();
    }
    nvtxRangePop();
    return NULL;
}

int main(int argc, char **argv) {
    int threads = argc > 2 && strcmp(argv[2], "threads") == 0 ? THREADS : 1;
    run runs[THREADS] = {0}, sum = {0};
    pthread_t thread[THREADS];
    for (int i = 0; i < threads; i++) {
        runs[i].wanted = argc > 1 ? strtol(argv[1], NULL, 10) / threads : 0;
        if (threads == 1) {
            requests(&runs[i]);
        } else if (pthread_create(&thread[i], NULL, requests, &runs[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < threads; i++) {
        if (threads > 1) {
            pthread_join(thread[i], NULL);
        }
        sum.made += runs[i].made;
        sum.requests += runs[i].requests;
        sum.phases += runs[i].phases;
        sum.steps += runs[i].steps;
        sum.layers += runs[i].layers;
        sum.experts += runs[i].experts;
    }
    printf("ranges %ld\ntop_k %d\nsample %ld\nphase %ld\ndecode step %ld\nlayer %ld\nexpert %ld\n", sum.made,
           threads, sum.requests, sum.phases, sum.steps, sum.layers, sum.experts);
    return 5;
}
