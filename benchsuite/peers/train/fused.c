/* The training step of a small network, written by hand in C for three shapes known when it is compiled: what a
   compiler reaches when it knows everything. The batch lies in vectors, feature by feature. See README.md.

   cc -O3 -march=native fused.c -lm */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A line fills a register. Tiles of ACROSS lines or inputs by four outputs leave no sum in memory: 16 sums in 32
   registers with AVX-512, 8 in 16 otherwise. */
#ifdef __AVX512F__
enum { LANES = 16, ACROSS = 4 };
#else
enum { LANES = 8, ACROSS = 2 };
#endif
enum { BATCH = 128, LINES = BATCH / LANES, WIDEST = 64, DEEPEST = 4 };
typedef float Line __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
enum { SILU, TANH, ELU, NONE };

typedef struct { int layers, size[DEEPEST + 1], activation[DEEPEST]; } Shape;
static const Shape SMALL = {3, {3, 8, 8, 2}, {SILU, ELU, NONE}};
static const Shape MID = {4, {3, 32, 32, 32, 2}, {SILU, TANH, SILU, NONE}};
static const Shape LARGE = {4, {3, 64, 64, 64, 2}, {SILU, SILU, SILU, NONE}};

/* For each layer: weights [output][input], then biases; their gradient and Adam's two moments alike. */
static float weights[DEEPEST][WIDEST * (WIDEST + 1)] __attribute__((aligned(64)));
static float gradient[DEEPEST][WIDEST * (WIDEST + 1)] __attribute__((aligned(64)));
static float first[DEEPEST][WIDEST * (WIDEST + 1)] __attribute__((aligned(64)));
static float second[DEEPEST][WIDEST * (WIDEST + 1)] __attribute__((aligned(64)));
static Line input[DEEPEST + 1][WIDEST * LINES], slope[DEEPEST][WIDEST * LINES], by_z[WIDEST * LINES], by_h[WIDEST * LINES];
static Line target[2 * LINES];
static double power1 = 1, power2 = 1;

#define INLINE static inline __attribute__((always_inline))
INLINE Line all(float x) { return x - (Line){}; }
INLINE Line choose(Ints yes, Line a, Line b) { return (Line)(((Ints)a & yes) | ((Ints)b & ~yes)); }
INLINE Line least(Line a, Line b) { return choose(a < b, a, b); }
INLINE Line greatest(Line a, Line b) { return choose(a > b, a, b); }

INLINE Line exponential(Line x) {
    x = greatest(least(x, all(87)), all(-87));
    Line shifted = x * 1.442695041f + 12582912.f, n = shifted - 12582912.f;
    Line r = x - n * .693359375f;
    r += n * 2.12194440e-4f;
    Line p = r * 1.9875691e-4f + 1.3981999e-3f;
    p = p * r + 8.3334519e-3f, p = p * r + 4.1665795e-2f, p = p * r + 1.6666665e-1f, p = p * r + .5f;
    p = p * (r * r) + r + 1.f;
    return (Line)((Ints)p + ((Ints)shifted << 23));
}

#ifdef __AVX512F__
#include <immintrin.h>
INLINE float total(Line x) { return _mm512_reduce_add_ps((__m512)x); }
INLINE Line root(Line x) { return (Line)_mm512_sqrt_ps((__m512)x); }
#else
INLINE float total(Line x) {
    float sum[LANES] __attribute__((aligned(64)));
    *(Line *)sum = x;
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) sum[i] += sum[i + half];
    return sum[0];
}

INLINE Line root(Line x) {
    float y[LANES] __attribute__((aligned(64)));
    *(Line *)y = x;
    for (int i = 0; i < LANES; i++) y[i] = __builtin_sqrtf(y[i]);
    return *(Line *)y;
}
#endif

/* y[o] = Σ w[o·by_o + i·by_i]·x[i] + b[o], four outputs with ACROSS lines at a time. */
INLINE void product(const float *w, int by_o, int by_i, const float *b, const Line *x, Line *y, int in, int out) {
    for (int half = 0; half < LINES; half += ACROSS) {
        int o = 0;
        for (; o + 4 <= out; o += 4) {
            Line s[4][ACROSS];
            for (int m = 0; m < 4; m++)
                for (int j = 0; j < ACROSS; j++) s[m][j] = all(b ? b[o + m] : 0);
            for (int i = 0; i < in; i++)
                for (int m = 0; m < 4; m++) {
                    Line q = all(w[(o + m) * by_o + i * by_i]);
                    for (int j = 0; j < ACROSS; j++) s[m][j] += q * x[i * LINES + half + j];
                }
            for (int m = 0; m < 4; m++)
                for (int j = 0; j < ACROSS; j++) y[(o + m) * LINES + half + j] = s[m][j];
        }
        for (; o < out; o++)
            for (int j = 0; j < ACROSS; j++) {
                Line s = all(b ? b[o] : 0);
                for (int i = 0; i < in; i++) s += w[o * by_o + i * by_i] * x[i * LINES + half + j];
                y[o * LINES + half + j] = s;
            }
    }
}

/* g[o][i] = Σ over the batch of z[o]·x[i]. */
INLINE void outer(const Line *z, const Line *x, float *g, int in, int out) {
    int i = 0;
    for (int o = 0; o < out; o += 4) {
        int rows = out - o < 4 ? out - o : 4;
        for (i = 0; rows == 4 && i + ACROSS <= in; i += ACROSS) {
            Line s[4][ACROSS] = {};
            for (int l = 0; l < LINES; l++)
                for (int m = 0; m < 4; m++)
                    for (int j = 0; j < ACROSS; j++) s[m][j] += z[(o + m) * LINES + l] * x[(i + j) * LINES + l];
            for (int m = 0; m < 4; m++)
                for (int j = 0; j < ACROSS; j++) g[(o + m) * in + i + j] = total(s[m][j]);
        }
        for (; i < in; i++)
            for (int m = 0; m < rows; m++) {
                Line s = {};
                for (int l = 0; l < LINES; l++) s += z[(o + m) * LINES + l] * x[i * LINES + l];
                g[(o + m) * in + i] = total(s);
            }
    }
}

INLINE void activate(int kind, Line *z, Line *d, int lines) {
    for (int j = 0; j < lines; j++) {
        Line x = z[j];
        if (kind == SILU) {
            Line s = 1.f / (1.f + exponential(-x));
            z[j] = x * s, d[j] = s + x * s * (1.f - s);
        } else if (kind == TANH) {
            Line t = 2.f / (1.f + exponential(-2.f * x)) - 1.f;
            z[j] = t, d[j] = 1.f - t * t;
        } else {
            Line e = exponential(least(x, all(0)));
            Ints above = x > 0.f;
            z[j] = choose(above, x, e - 1.f), d[j] = choose(above, all(1), e);
        }
    }
}

INLINE void adam(float *w, const float *g, float *m, float *v, int n, float rate, float correction) {
    for (int j = 0; j < n; j += LANES) {
        Line G = *(const Line *)(g + j), M = *(Line *)(m + j) * .9f + G * .1f, V = *(Line *)(v + j) * .999f + G * G * .001f;
        *(Line *)(m + j) = M, *(Line *)(v + j) = V;
        *(Line *)(w + j) -= rate * M / (root(V * correction) + 1e-8f);
    }
}

/* `n` is known where this is inlined, so every loop has fixed ends. */
INLINE float step(const Shape n) {
    for (int k = 0; k < n.layers; k++) {
        int in = n.size[k], out = n.size[k + 1];
        product(weights[k], in, 1, weights[k] + in * out, input[k], input[k + 1], in, out);
        if (n.activation[k] != NONE) activate(n.activation[k], input[k + 1], slope[k], out * LINES);
    }
    Line loss = {};
    for (int j = 0; j < 2 * LINES; j++) {
        Line error = input[n.layers][j] - target[j];
        loss += error * error;
        by_z[j] = error * (1.f / BATCH);
    }
    power1 *= .9, power2 *= .999;
    float rate = 1e-3 / (1 - power1), correction = 1 / (1 - power2);
    for (int k = n.layers - 1; k >= 0; k--) {
        int in = n.size[k], out = n.size[k + 1];
        outer(by_z, input[k], gradient[k], in, out);
        for (int o = 0; o < out; o++) {
            Line s = {};
            for (int l = 0; l < LINES; l++) s += by_z[o * LINES + l];
            gradient[k][in * out + o] = total(s);
        }
        if (k) {
            product(weights[k], 1, in, 0, by_z, by_h, out, in);
            for (int j = 0; j < in * LINES; j++) by_z[j] = by_h[j] * slope[k - 1][j];
        }
    }
    for (int k = 0; k < n.layers; k++) {
        int count = n.size[k + 1] * (n.size[k] + 1);
        adam(weights[k], gradient[k], first[k], second[k], count, rate, correction);
    }
    return total(loss) / (2 * BATCH);
}

static float small(void) { return step(SMALL); }
static float mid(void) { return step(MID); }
static float large(void) { return step(LARGE); }

static float uniform(void) { return 2.f * rand() / RAND_MAX - 1; }

static void begin(const Shape *n) {
    srand(1), power1 = power2 = 1;
    memset(first, 0, sizeof first), memset(second, 0, sizeof second);
    for (int j = 0; j < 3 * BATCH; j++) ((float *)input[0])[j] = uniform();
    const float *x = (float *)input[0];
    for (int b = 0; b < BATCH; b++) {
        ((float *)target)[b] = sinf(3 * x[b]) * x[BATCH + b];
        ((float *)target)[BATCH + b] = cosf(2 * x[2 * BATCH + b]);
    }
    for (int k = 0; k < n->layers; k++)
        for (int j = 0; j < n->size[k + 1] * (n->size[k] + 1); j++) weights[k][j] = uniform() / sqrtf(n->size[k]);
}

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(void) {
    printf("{\"ok\": true, \"name\": \"fused C\", \"version\": \"%s\"}\n", __VERSION__), fflush(stdout);
    char method[64], line[256];
    double seconds;
    while (fgets(line, sizeof line, stdin)) {
        const Shape *shape = 0;
        float (*run)(void) = 0;
        if (sscanf(line, "time %63s %*s %*s %lf", method, &seconds) == 2) {
            if (!strcmp(method, "data/small/c")) shape = &SMALL, run = small;
            if (!strcmp(method, "data/mid/c")) shape = &MID, run = mid;
            if (!strcmp(method, "data/large/c")) shape = &LARGE, run = large;
        }
        if (!run) {
            printf("{\"ok\": false, \"error\": \"no such work\"}\n"), fflush(stdout);
            continue;
        }
        begin(shape);
        float loss = run();
        for (int i = 0; i < 1000; i++) loss = run();
        if (!(loss < 0.2)) {
            printf("{\"ok\": false, \"error\": \"it does not learn\"}\n"), fflush(stdout);
            continue;
        }
        printf("{\"ok\": true, \"us\": [");
        double start = cpu();
        int blocks = 0;
        do {
            double from = cpu();
            for (int i = 0; i < 100; i++) run();
            printf("%s%.4f", blocks++ ? ", " : "", (cpu() - from) * 1e4);
        } while (cpu() - start < seconds && blocks < 4096);
        printf("]}\n"), fflush(stdout);
    }
}
