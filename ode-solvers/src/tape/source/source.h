#ifdef __CUDACC__
#define MARCH extern "C" __global__ void
#define HELPER static __device__ __forceinline__
#define EACH_MEMBER(m, n) \
  for (long long m = (long long)blockIdx.x * blockDim.x + threadIdx.x; m < (n); \
       m += (long long)gridDim.x * blockDim.x)
#define INFINITE (LITERAL(1.0) / LITERAL(0.0))
#define NOT_A_NUMBER (INFINITE - INFINITE)
#else
#include <math.h>
#define MARCH void
#define HELPER static inline
#define EACH_MEMBER(m, n) for (long long m = 0; m < (n); m++)
#define INFINITE ((REAL)INFINITY)
#define NOT_A_NUMBER ((REAL)NAN)
#endif
/* Finite for every finite x: an infinite exponential makes NaN of quotients that have limits. */
HELPER REAL EXP(REAL x) { return F(exp)(x > EXP_MOST ? EXP_MOST : x); }
HELPER REAL EXPM1(REAL x) { return F(expm1)(x > EXP_MOST ? EXP_MOST : x); }
/* (exp(b h) - 1) / b, and h where b is zero. */
HELPER REAL RELAX(REAL b, REAL h) { return b == LITERAL(0.0) ? h : EXPM1(b * h) / b; }
