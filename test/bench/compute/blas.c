/* OpenBLAS called from C, as a peer: prints operations a second of one product size, best and median of the runs.
 * Usage: blas THREADS SIZE SECONDS (s|d). Compile with -O2 -ldl. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void (*gemm)(int, int, int, int, int, int, double, const void *, int, const void *, int, double, void *, int);
typedef void (*sgemm)(int, int, int, int, int, int, float, const void *, int, const void *, int, float, void *, int);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **arguments) {
  if (count != 5) return 64;
  int threads = atoi(arguments[1]), n = atoi(arguments[2]), single = arguments[4][0] == 's';
  double seconds = atof(arguments[3]);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW);
  if (!library) return 69;
  ((void (*)(int))dlsym(library, "openblas_set_num_threads"))(threads);
  void *call = dlsym(library, single ? "cblas_sgemm" : "cblas_dgemm");
  size_t size = (size_t)n * n;
  void *m[3];
  for (int i = 0; i < 3; i++) {
    m[i] = malloc(size * 8);
    for (size_t j = 0; j < size; j++) {
      double value = 2.0 * rand() / RAND_MAX - 1;
      if (single) ((float *)m[i])[j] = value;
      else ((double *)m[i])[j] = value;
    }
  }
  double rates[100000], begin = now();
  int runs = 0;
  while (runs < 100000 && (runs < 3 || now() - begin < seconds)) {
    double start = now();
    if (single) ((sgemm)call)(101, 111, 111, n, n, n, 1, m[0], n, m[1], n, 0, m[2], n);
    else ((gemm)call)(101, 111, 111, n, n, n, 1, m[0], n, m[1], n, 0, m[2], n);
    rates[runs++] = 2.0 * n * n * n / (now() - start);
  }
  qsort(rates, runs, sizeof *rates, by_value);
  printf("{\"best\": %.6e, \"median\": %.6e}\n", rates[runs - 1], rates[runs / 2]);
  return 0;
}
