/* Layers by matrix units, in CUDA C++. A warp takes 16 ROW_TILES rows through all layers. Of a tile of
   16 rows and 8 columns, a lane holds four numbers: with g = lane / 4 and t = lane % 4, the columns 2 t
   and 2 t + 1 of the rows g and g + 8. That is how m16n8k8 gives its results. It takes its left operand
   in another order of columns; the order in a sum is free, and weights are stored in the same order.

   Numbers are multiplied in two parts of eleven bits, without the product of the two smaller ones. */
#define LANE (threadIdx.x & 31)
typedef float TILE[4];

HELPER unsigned UPPER(float x) { return __float_as_uint(x) & 0xffffe000u; }
HELPER unsigned LOWER(float x) { return __float_as_uint(x - __uint_as_float(UPPER(x))); }

/* c += a b */
HELPER void MULTIPLY_ADD(TILE &c, const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* y = x W + b; `weights` has two numbers of a lane for each pair of tiles, then b. */
template <int IN, int OUT>
HELPER void DENSE(const TILE (&x)[ROW_TILES][IN], TILE (&y)[ROW_TILES][OUT], const float *weights) {
  const float2 *w = (const float2 *)weights + LANE, *bias = (const float2 *)(weights + 64 * IN * OUT) + LANE % 4;
#pragma unroll
  for (int n = 0; n < OUT; n++) {
    const float2 b = bias[4 * n];
#pragma unroll
    for (int m = 0; m < ROW_TILES; m++) { y[m][n][0] = y[m][n][2] = b.x; y[m][n][1] = y[m][n][3] = b.y; }
  }
#pragma unroll
  for (int k = 0; k < IN; k += 2) {
    const int both = k + 1 < IN ? 2 : 1;
    unsigned upper[2][ROW_TILES][4], lower[2][ROW_TILES][4];
#pragma unroll
    for (int j = 0; j < both; j++) {
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const float v = x[m][k + j][(i & 1) * 2 + i / 2];
          upper[j][m][i] = UPPER(v);
          lower[j][m][i] = LOWER(v);
        }
      }
    }
#pragma unroll
    for (int n = 0; n < OUT; n++) {
      /* The units cut off what does not fit their sums. So each sum is of 16 products only, small ones first. */
      TILE part[ROW_TILES] = {};
      unsigned first[2][2];
#pragma unroll
      for (int j = 0; j < both; j++) {
        const float2 v = w[32 * ((k + j) * OUT + n)];
        const unsigned second[2] = {LOWER(v.x), LOWER(v.y)};
        first[j][0] = UPPER(v.x);
        first[j][1] = UPPER(v.y);
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) MULTIPLY_ADD(part[m], lower[j][m], first[j]);
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) MULTIPLY_ADD(part[m], upper[j][m], second);
      }
#pragma unroll
      for (int j = 0; j < both; j++) {
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) MULTIPLY_ADD(part[m], upper[j][m], first[j]);
      }
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++) {
#pragma unroll
        for (int i = 0; i < 4; i++) y[m][n][i] += part[m][i];
      }
    }
  }
}

/* Loops over the numbers of a lane, and over pairs of neighbours in a row. */
#define EACH_NUMBER(TILES, m, n, i) \
  _Pragma("unroll") for (int m = 0; m < ROW_TILES; m++) \
  _Pragma("unroll") for (int n = 0; n < TILES; n++) \
  _Pragma("unroll") for (int i = 0; i < 4; i++)
#define EACH_PAIR(TILES, m, n, i) \
  _Pragma("unroll") for (int m = 0; m < ROW_TILES; m++) \
  _Pragma("unroll") for (int n = 0; n < TILES; n++) \
  _Pragma("unroll") for (int i = 0; i < 4; i += 2)
#define COLUMN(n, i) (8 * (n) + 2 * (LANE % 4) + ((i) & 1))
#define ROW(first, m, i) ((first) + 16 * (m) + LANE / 4 + 8 * ((i) / 2))

HELPER void COPY(float4 *to, const float *from, int count) {
  for (int i = threadIdx.x; i < count / 4; i += blockDim.x) to[i] = ((const float4 *)from)[i];
}
