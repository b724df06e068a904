/* FitzHugh-Nagumo's equations for many cells by Euler's method in single precision, in two forms: loops as
   one writes them (steps outside, cells inside), and cells in blocks that stay in registers through all steps.
   Build: cc -O3 -march=native -ffast-math -fopenmp -fopenmp-simd. Run: euler THREADS CELLS, then requests (peers/README.md). */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 64, STEPS = 100 };
static const float K = 10.0f, ALPHA = 0.4f, EPSILON = 0.2f, BETA = 0.2f, GAMMA = 0.8f, DT = 0.1f;

#define STEP(u, w, i)                                          \
    do {                                                       \
        float du = K * (u * (u - ALPHA) * (1.0f - u) - w + i); \
        float dw = EPSILON * (BETA * u - GAMMA * w);           \
        u += DT * du, w += DT * dw;                            \
    } while (0)

static void loops(float *restrict u, float *restrict w, const float *restrict i, long cells) {
    for (int step = 0; step < STEPS; step++)
#pragma omp parallel for simd schedule(static)
        for (long k = 0; k < cells; k++) STEP(u[k], w[k], i[k]);
}

static void blocked(float *restrict u, float *restrict w, const float *restrict i, long cells) {
#pragma omp parallel for schedule(static)
    for (long first = 0; first < cells; first += BLOCK) {
        float v[BLOCK], r[BLOCK], c[BLOCK];
        for (int k = 0; k < BLOCK; k++) v[k] = u[first + k], r[k] = w[first + k], c[k] = i[first + k];
        for (int step = 0; step < STEPS; step++)
            /* Without this GCC 13 computes one cell after the other, forty times slower; GCC 12 needs no hint. */
#pragma omp simd
            for (int k = 0; k < BLOCK; k++) STEP(v[k], r[k], c[k]);
        for (int k = 0; k < BLOCK; k++) u[first + k] = v[k], w[first + k] = r[k];
    }
}

/* CPU time if there is one thread, wall time if there are more. */
static double now(int threads) {
    struct timespec t;
    clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int count, char **words) {
    int threads = count > 2 ? atoi(words[1]) : 0;
    long cells = count > 2 ? atol(words[2]) : 0;
    if (threads < 1 || cells < 1) return fprintf(stderr, "usage: euler THREADS CELLS\n"), 2;
    omp_set_num_threads(threads);
    long room = (cells + BLOCK - 1) / BLOCK * BLOCK;
    float *u = aligned_alloc(64, room * sizeof *u), *w = aligned_alloc(64, room * sizeof *w);
    float *i = aligned_alloc(64, room * sizeof *i);
    if (!u || !w || !i) return fprintf(stderr, "no memory for %ld cells\n", cells), 1;
    for (long k = 0; k < room; k++) {
        float golden = (float)k * 0.618034f;
        i[k] = 0.1f * (golden - (float)(long)golden);
    }
    printf("{\"ok\": true, \"name\": \"C\", \"version\": \"%s\"}\n", __VERSION__), fflush(stdout);
    char form[64], line[256];
    double seconds;
    while (fgets(line, sizeof line, stdin)) {
        void (*march)(float *, float *, const float *, long) = 0;
        if (sscanf(line, "time %63s %*s %*s %lf", form, &seconds) == 2) {
            if (!strcmp(form, "loops")) march = loops;
            if (!strcmp(form, "blocked")) march = blocked;
        }
        if (!march) {
            printf("{\"ok\": false, \"error\": \"no such form\"}\n"), fflush(stdout);
            continue;
        }
        printf("{\"ok\": true, \"us\": [");
        double start = now(threads), sum;
        int times = 0;
        do {
            for (long k = 0; k < room; k++) u[k] = 0.5f, w[k] = 0.0f;
            double from = now(threads);
            march(u, w, i, room);
            printf("%s%.4f", times++ ? ", " : "", (now(threads) - from) * 1e6);
            sum = 0;
            for (long k = 0; k < cells; k++) sum += u[k];
        } while (now(threads) - start < seconds && times < 4096);
        /* The mean potential: that all compute the same can be seen. */
        printf("], \"steps\": %d, \"mean\": %.7f}\n", STEPS, sum / cells), fflush(stdout);
    }
}
