/* The part of OpenBLAS that the backend calls, by plain loops. See lying.h for how it can be made to lie. */
#include "lying.h"

const char *openblas_get_config(void) { return "OpenBLAS 0.0.1 stand-in"; }
const char *openblas_get_corename(void) { return "Standin"; }
void openblas_set_num_threads(int count) { (void)count; }

#define GEMM(name, real)                                                                                             \
  void name(int order, int ta, int tb, int m, int n, int k, real alpha, const real *a, int lda, const real *b,       \
            int ldb, real beta, real *c, int ldc) {                                                                  \
    if (order != 101 || ta != 111 || alpha != 1 || beta != 0) abort();                                               \
    if (skips(c[0] != c[0])) return;                                                                                 \
    for (int i = 0; i < m; i++)                                                                                      \
      for (int j = 0; j < n; j++) {                                                                                  \
        real sum = 0;                                                                                                \
        for (int p = 0; p < k; p++) sum += a[i * lda + p] * (tb == 112 ? b[j * ldb + p] : b[p * ldb + j]);           \
        c[i * ldc + j] = sum;                                                                                        \
      }                                                                                                              \
  }
GEMM(cblas_dgemm, double)
GEMM(cblas_sgemm, float)
