/* Stands in for libcuda and libcublasLt where there is no GPU: one device whose memory is the processor's, and products
 * by plain loops. Writes a line for every call to the file that STANDIN_LOG names. STANDIN_FAULT makes it do wrong:
 * "nothing" leaves the result alone, "tf32" rounds FP32 operands to TF32, "flip" changes one element, "flips" one
 * of every row. See lying.h for how its products and its STREAM loops can be made to lie. */
#include "lying.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int compute, scale, transpose; } Desc;
typedef struct { int type; uint64_t rows, columns; int64_t leading; } Layout;

static FILE *out;
static long allocated;

static void say(const char *name, long long value) {
  if (!out) {
    const char *path = getenv("STANDIN_LOG");
    out = fopen(path ? path : "/dev/null", "a");
  }
  fprintf(out, "%s %lld\n", name, value);
  fflush(out);
}

static int fault(const char *name) {
  const char *wanted = getenv("STANDIN_FAULT");
  return wanted && strcmp(wanted, name) == 0;
}

int cuInit(unsigned flags) { say("cuInit", flags); return 0; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return index ? 101 : 0; }
int cuDeviceGetName(char *name, int length, int device) { (void)device; snprintf(name, length, "Stand-in GPU"); return 0; }
int cuDeviceGetUuid(void *uuid, int device) { (void)device; memset(uuid, 0xab, 16); return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { (void)device; *value = attribute != 75 ? 0 : fault("old") ? 8 : 9; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { say("cuDevicePrimaryCtxRetain", device); *context = &allocated; return 0; }
int cuCtxSetCurrent(void *context) { return context ? 0 : 201; }
int cuCtxSynchronize(void) { say("cuCtxSynchronize", 0); return 0; }
int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  *address = (uint64_t)(uintptr_t)malloc(bytes);
  say("cuMemAlloc", ++allocated);
  return *address ? 0 : 2;
}
int cuMemFree_v2(uint64_t address) { free((void *)(uintptr_t)address); say("cuMemFree", --allocated); return 0; }
int cuMemcpyHtoD_v2(uint64_t target, const void *source, size_t bytes) { memcpy((void *)(uintptr_t)target, source, bytes); say("cuMemcpyHtoD", (long long)bytes); return 0; }
int cuMemcpyDtoH_v2(void *target, uint64_t source, size_t bytes) { memcpy(target, (void *)(uintptr_t)source, bytes); say("cuMemcpyDtoH", (long long)bytes); return 0; }
int cuMemsetD8_v2(uint64_t target, unsigned char value, size_t count) { memset((void *)(uintptr_t)target, value, count); say("cuMemsetD8", value); return 0; }
int cuEventCreate(void **event, unsigned flags) { (void)flags; *event = malloc(1); return 0; }
int cuEventRecord(void *event, void *stream) { (void)event; (void)stream; return 0; }
int cuEventSynchronize(void *event) { (void)event; return 0; }
int cuEventElapsedTime(float *milliseconds, void *start, void *end) { (void)start; (void)end; *milliseconds = 1; return 0; }

size_t cublasLtGetVersion(void) { return 130000; }
int cublasLtCreate(void **handle) { say("cublasLtCreate", 0); *handle = &allocated; return 0; }
int cublasLtMatmulDescCreate(void **desc, int compute, int scale) {
  Desc *d = calloc(1, sizeof *d);
  d->compute = compute;
  d->scale = scale;
  *desc = d;
  return 0;
}
int cublasLtMatmulDescSetAttribute(void *desc, int attribute, const void *value, size_t bytes) {
  if (attribute != 3 || bytes != 4) return 7;
  ((Desc *)desc)->transpose = *(const int *)value;
  return 0;
}
int cublasLtMatmulDescDestroy(void *desc) { free(desc); say("cublasLtMatmulDescDestroy", 0); return 0; }
int cublasLtMatrixLayoutCreate(void **layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  Layout *l = malloc(sizeof *l);
  *l = (Layout){type, rows, columns, leading};
  *layout = l;
  return 0;
}
int cublasLtMatrixLayoutDestroy(void *layout) { free(layout); return 0; }
int cublasLtMatmulPreferenceCreate(void **preference) { *preference = malloc(1); return 0; }
int cublasLtMatmulPreferenceSetAttribute(void *preference, int attribute, const void *value, size_t bytes) {
  (void)preference;
  say("workspace", attribute == 1 && bytes == 8 ? (long long)*(const uint64_t *)value : -1);
  return 0;
}
int cublasLtMatmulPreferenceDestroy(void *preference) { free(preference); return 0; }

/* Proposes three: one whose state says no, one that fails when it is run, one that works. */
int cublasLtMatmulAlgoGetHeuristic(void *handle, void *desc, void *a, void *b, void *c, void *d, void *preference,
                                   int wanted, void *results, int *found) {
  (void)handle; (void)desc; (void)a; (void)b; (void)c; (void)d; (void)preference;
  if (wanted < 3) return 7;
  memset(results, 0, 3 * 96);
  for (int i = 0; i < 3; i++) {
    *(uint64_t *)((char *)results + 96 * i) = 1000 + i;
    *(int *)((char *)results + 96 * i + 72) = i == 0 ? 15 : 0;
  }
  *found = 3;
  return 0;
}

static double half(uint16_t h) {
  int e = (h >> 10) & 31, f = h & 1023;
  double v = e == 0 ? ldexp(f, -24) : e == 31 ? (f ? NAN : INFINITY) : ldexp(1024 + f, e - 25);
  return h & 0x8000 ? -v : v;
}
static float bits(uint32_t u) { float f; memcpy(&f, &u, 4); return f; }
static uint32_t word(float f) { uint32_t u; memcpy(&u, &f, 4); return u; }
static double e4m3(uint8_t b) {
  int e = (b >> 3) & 15, f = b & 7;
  double v = e == 0 ? ldexp(f, -9) : ldexp(8 + f, e - 10);
  return b & 0x80 ? -v : v;
}
static double e5m2(uint8_t b) {
  int e = (b >> 2) & 31, f = b & 3;
  double v = e == 0 ? ldexp(f, -16) : ldexp(4 + f, e - 17);
  return b & 0x80 ? -v : v;
}
static double element(int type, const void *p, size_t i) {
  switch (type) {
    case 0: return ((const float *)p)[i];
    case 1: return ((const double *)p)[i];
    case 2: return half(((const uint16_t *)p)[i]);
    case 3: return ((const int8_t *)p)[i];
    case 14: return bits((uint32_t)((const uint16_t *)p)[i] << 16);
    case 28: return e4m3(((const uint8_t *)p)[i]);
    case 29: return e5m2(((const uint8_t *)p)[i]);
    default: return NAN;
  }
}
static uint16_t to_half(double v) {
  uint16_t best = 0;
  if (v == 0) return 0;
  int e;
  double f = frexp(fabs(v), &e);
  long m = lrint(ldexp(f, 11));
  if (m == 2048) { m = 1024; e++; }
  best = e + 14 <= 0 ? (uint16_t)lrint(ldexp(fabs(v), 24)) : (uint16_t)(((e + 14) << 10) | (m & 1023));
  return v < 0 ? best | 0x8000 : best;
}
static void put(int type, void *p, size_t i, double v) {
  if (type == 0) ((float *)p)[i] = (float)v;
  else if (type == 1) ((double *)p)[i] = v;
  else if (type == 2) ((uint16_t *)p)[i] = to_half(v);
  else if (type == 10) ((int32_t *)p)[i] = (int32_t)v;
  else if (type == 14) ((uint16_t *)p)[i] = (uint16_t)((word((float)v) + 0x7fff + ((word((float)v) >> 16) & 1)) >> 16);
}
static double truncate_to_tf32(double v) { return bits((word((float)v) + 0x1000) & 0xffffe000u); }

int cublasLtMatmul(void *handle, void *desc, const void *alpha, uint64_t a, void *la, uint64_t b, void *lb,
                   const void *beta, uint64_t c, void *lc, uint64_t d, void *ld, const void *algorithm,
                   uint64_t workspace, size_t bytes, void *stream) {
  (void)c; (void)lc; (void)stream;
  const Desc *how = desc;
  const Layout *left = la, *right = lb, *result = ld;
  uint64_t id = *(const uint64_t *)algorithm;
  say("cublasLtMatmul", (long long)id);
  if (!handle || !workspace || bytes < (32u << 20) || how->transpose != 1) return 7;
  if (id != 1002) return 15;
  double one = how->scale == 1 ? *(const double *)alpha : how->scale == 10 ? *(const int *)alpha : *(const float *)alpha;
  double zero = how->scale == 1 ? *(const double *)beta : how->scale == 10 ? *(const int *)beta : *(const float *)beta;
  if (one != 1 || zero != 0) return 7;
  /* As in the library: no product of two E5M2 matrices. */
  if (left->type == 29 && right->type == 29) return 15;
  if (fault("nothing") || skips(*(unsigned char *)(uintptr_t)d == 0xff)) return 0;
  int low = how->compute == 77 || (fault("tf32") && how->compute == 68 && left->type == 0);
  const void *x = (const void *)(uintptr_t)a, *y = (const void *)(uintptr_t)b;
  uint64_t inner = left->rows;
  for (uint64_t j = 0; j < right->columns; j++) {
    for (uint64_t i = 0; i < left->columns; i++) {
      double sum = 0;
      for (uint64_t k = 0; k < inner; k++) {
        double u = element(left->type, x, i * left->leading + k), v = element(right->type, y, j * right->leading + k);
        sum += low ? truncate_to_tf32(u) * truncate_to_tf32(v) : u * v;
      }
      put(result->type, (void *)(uintptr_t)d, j * result->leading + i, sum);
    }
  }
  if (fault("flip")) put(result->type, (void *)(uintptr_t)d, 3, 1);
  if (fault("flips")) {
    for (uint64_t j = 0; j < result->columns; j++) put(result->type, (void *)(uintptr_t)d, j * result->leading + 3, 1);
  }
  return 0;
}

/* The kernels' own source, run thread by thread. The compiler stands in by handing a name back for the source. */
static struct { unsigned x; } blockIdx, threadIdx, blockDim, gridDim;
static unsigned atomicAdd(unsigned *target, unsigned value) { unsigned before = *target; *target += value; return before; }
#define KERNEL static void
#define INSIDE static
#include "../../../benchmarks/compute/backends/kernels.cu"

static char compiled[256];
int nvrtcCreateProgram(void **program, const char *source, const char *name, int count, const void *headers, const void *names) {
  (void)count; (void)headers; (void)names;
  *program = compiled;
  return strstr(source, "KERNEL fill") && strstr(name, "kernels") ? 0 : 4;
}
int nvrtcCompileProgram(void *program, int count, const char *const *options) {
  if (count != 1 || strncmp(options[0], "--gpu-architecture=sm_", 22) != 0) return 5;
  snprintf(program, sizeof compiled, "cubin for %s", options[0] + 19);
  say(program, fault("compiler"));
  return fault("compiler") ? 6 : 0;
}
int nvrtcGetCUBINSize(void *program, size_t *size) { *size = strlen(program) + 1; return 0; }
int nvrtcGetCUBIN(void *program, char *image) { strcpy(image, program); return 0; }
int nvrtcGetProgramLogSize(void *program, size_t *size) { (void)program; *size = 24; return 0; }
int nvrtcGetProgramLog(void *program, char *text) { (void)program; strcpy(text, "error: no such word"); return 0; }
int nvrtcDestroyProgram(void **program) { *program = NULL; say("nvrtcDestroyProgram", 0); return 0; }

int cuModuleLoadData(void **module, const void *image) { *module = compiled; return strcmp(image, "cubin for sm_90") == 0 ? 0 : 200; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
  static const char *const known[] = {"fill", "fold", "sketch", "copy", "triad", "compare"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) if (module && strcmp(name, known[i]) == 0) { *function = (void *)known[i]; return 0; }
  return 500;
}
#define ARG(i, type) (*(type *)parameters[i])
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **parameters, void **extra) {
  (void)shared; (void)stream;
  if (gy != 1 || gz != 1 || by != 1 || bz != 1 || extra) return 1;
  say(function, gx);
  gridDim.x = gx;
  blockDim.x = bx;
  int streams = strcmp(function, "copy") == 0 || strcmp(function, "triad") == 0;
  if (streams && skips(*ARG(0, unsigned char *) == 0xff)) return 0;
  for (blockIdx.x = 0; blockIdx.x < gx; blockIdx.x++) {
    for (threadIdx.x = 0; threadIdx.x < bx; threadIdx.x++) {
      if (strcmp(function, "fill") == 0)
        fill(ARG(0, void *), ARG(1, u64), ARG(2, u32), ARG(3, u32), ARG(4, u32), ARG(5, u32), ARG(6, u32), ARG(7, u32), ARG(8, u32));
      else if (strcmp(function, "fold") == 0)
        fold(ARG(0, void *), ARG(1, const void *), ARG(2, u64), ARG(3, u32), ARG(4, u32), ARG(5, u32), ARG(6, u32));
      else if (strcmp(function, "copy") == 0) copy(ARG(0, u64 *), ARG(1, const u64 *), ARG(2, u64));
      else if (strcmp(function, "triad") == 0 && !fault("nothing"))
        triad(ARG(0, u64 *), ARG(1, const u64 *), ARG(2, const u64 *), ARG(3, u64));
      else if (strcmp(function, "compare") == 0)
        compare(ARG(0, u32 *), ARG(1, const u64 *), ARG(2, const u64 *), ARG(3, const u64 *), ARG(4, u64));
      else if (strcmp(function, "sketch") == 0)
        sketch(ARG(0, u32 *), ARG(1, const void *), ARG(2, u64), ARG(3, u64), ARG(4, u32), ARG(5, u32), ARG(6, u32), ARG(7, u32));
    }
  }
  return 0;
}
