/* In front of a network's function: activations. The text compiles as CUDA C++ and as C.
   Comparisons are written so that NaN passes. */
#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define HELPER static __device__ __forceinline__
#define EACH_ROW(r, rows) \
  for (long long r = (long long)blockIdx.x * blockDim.x + threadIdx.x; r < (rows); \
       r += (long long)gridDim.x * blockDim.x)
/* 2^x and 1/x by the units for functions. */
HELPER float POWER_OF_2(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
HELPER float INVERSE(float x) { float y; asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
#else
#include <math.h>
#define KERNEL void
#define HELPER static inline
#define EACH_ROW(r, rows) for (long long r = 0; r < (rows); r++)
HELPER float POWER_OF_2(float x) { return exp2f(x); }
HELPER float INVERSE(float x) { return 1.0f / x; }
#endif
#define LOG2_E 1.44269504f
/* 1 + e^-x, and no more than 2^60: the product of two is finite. The least sigmoid is 2^-60. */
HELPER float ONE_AND_EXP(float x) { float z = x * -LOG2_E; z = z > 60.0f ? 60.0f : z; return 1.0f + POWER_OF_2(z); }
/* Of two values at a time: one division serves both. */
HELPER void SIGMOID(float *a, float *b) {
  const float p = ONE_AND_EXP(*a), q = ONE_AND_EXP(*b), r = INVERSE(p * q);
  *a = q * r; *b = p * r;
}
HELPER void SILU(float *a, float *b) {
  const float p = ONE_AND_EXP(*a), q = ONE_AND_EXP(*b), r = INVERSE(p * q);
  *a = *a < -41.0f ? 0.0f : *a * (q * r); *b = *b < -41.0f ? 0.0f : *b * (p * r);
}
/* tanh x = 1 - 2/(1 + e^2x) */
HELPER void TANH(float *a, float *b) {
  const float p = ONE_AND_EXP(-2.0f * *a), q = ONE_AND_EXP(-2.0f * *b), r = -2.0f * INVERSE(p * q);
  *a = 1.0f + q * r; *b = 1.0f + p * r;
}
HELPER float ELU_OF(float x, float alpha) { return x > 0.0f ? x : alpha * (POWER_OF_2(x * LOG2_E) - 1.0f); }
HELPER void ELU(float *a, float *b, float alpha) { *a = ELU_OF(*a, alpha); *b = ELU_OF(*b, alpha); }
HELPER float RELU_OF(float x) { return x < 0.0f ? 0.0f : x; }
HELPER void RELU(float *a, float *b) { *a = RELU_OF(*a); *b = RELU_OF(*b); }
/* sin(r + n pi) = (-1)^n sin r, |r| <= pi/2, by a polynomial; multiples of pi are exact up to the limit. */
HELPER float SIN_OF(float x) {
  if (fabsf(x) > 25000.0f) return sinf(x);
  const float n = rintf(x * 0.318309886f), half = 0.5f * n, odd = half - rintf(half);
  const float r = fmaf(n, -1.509958e-7f, fmaf(n, -9.675026e-4f, fmaf(n, -3.140625f, x))), s = r * r;
  const float q = fmaf(fmaf(fmaf(2.608827e-6f, s, -1.9811072e-4f), s, 8.333088e-3f), s, -0.1666666f);
  return fmaf(r * s, q, r) * fmaf(odd * odd, -8.0f, 1.0f);
}
HELPER void SIN(float *a, float *b) { *a = SIN_OF(*a); *b = SIN_OF(*b); }
