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
/* What adaptive steps need. */
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
HELPER int FINITE(REAL x) { return x - x == LITERAL(0.0); }
HELPER REAL WITHIN(REAL x, REAL least, REAL most) { return x < least ? least : x > most ? most : x; }
/* The length of a first step, from the sizes of state, slope and second derivative (Hairer, Norsett &
   Wanner, Solving Ordinary Differential Equations I, sec. II.4); per_order is 1/(order of the error + 1). */
HELPER REAL FIRST_STEP(REAL state, REAL slope, REAL curvature, REAL per_order, REAL longest)
{
  const REAL small = LITERAL(1e-5), most = LARGER(slope, curvature);
  REAL guess = state < small || slope < small ? LITERAL(1e-6) : LITERAL(0.01) * state / slope;
  guess = guess < longest ? guess : longest;
  const REAL h = most <= LITERAL(1e-15) ? LARGER(guess * LITERAL(1e-3), LITERAL(1e-6))
                                        : F(pow)(LITERAL(0.01) / most, per_order);
  return WITHIN(h, LITERAL(0.0), LITERAL(100.0) * guess < longest ? LITERAL(100.0) * guess : longest);
}
