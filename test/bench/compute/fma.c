/* The true peak of this machine's arithmetic units: independent fused multiply-adds in registers, nothing else.
 * Prints one JSON line with operations a second for FP32, FP64, and INT8 and BF16 where there are instructions for them:
 * AMX where the kernel allows it, else dot products of vectors; 0 where there is neither.
 * Usage: fma THREADS SECONDS. Compile with -O2 -march=native -pthread. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHAINS 12

#if defined(__AVX512F__)
#include <immintrin.h>
typedef __m512 f32;
typedef __m512d f64;
typedef __m512i i32;
#define F32_LANES 16
#define F64_LANES 8
#define SET_F32 _mm512_set1_ps
#define SET_F64 _mm512_set1_pd
#define FMA_F32 _mm512_fmadd_ps
#define FMA_F64 _mm512_fmadd_pd
#define SUM_F32 _mm512_reduce_add_ps
#define SUM_F64 _mm512_reduce_add_pd
#if defined(__AVX512VNNI__)
#define HAS_INT8 1
#define INT8_OPS 128
#define SET_I32 _mm512_set1_epi8
#define DOT_I32 _mm512_dpbusd_epi32
#define SUM_I32 _mm512_reduce_add_epi32
#endif
#if defined(__AVX512BF16__)
#define HAS_BF16 1
#endif
#if defined(__AMX_INT8__) && defined(__AMX_BF16__)
#define HAS_AMX 1
#endif
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
typedef __m256 f32;
typedef __m256d f64;
#define F32_LANES 8
#define F64_LANES 4
#define SET_F32 _mm256_set1_ps
#define SET_F64 _mm256_set1_pd
#define FMA_F32 _mm256_fmadd_ps
#define FMA_F64 _mm256_fmadd_pd
static float SUM_F32(f32 v) { float a[8]; _mm256_storeu_ps(a, v); return a[0] + a[7]; }
static double SUM_F64(f64 v) { double a[4]; _mm256_storeu_pd(a, v); return a[0] + a[3]; }
#elif defined(__aarch64__)
#include <arm_neon.h>
typedef float32x4_t f32;
typedef float64x2_t f64;
#define F32_LANES 4
#define F64_LANES 2
#define SET_F32 vdupq_n_f32
#define SET_F64 vdupq_n_f64
#define FMA_F32(a, b, c) vfmaq_f32(c, a, b)
#define FMA_F64(a, b, c) vfmaq_f64(c, a, b)
#define SUM_F32 vaddvq_f32
#define SUM_F64 vaddvq_f64
#else
#error "no fused multiply-add known for this processor"
#endif

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

struct job { int kind, amx; double seconds, rate; volatile double sink; };

/* Named variables, not an array: the compiler would keep an array in memory and store it again and again. */
#define EACH(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11)

#define LOOP(ops)                                     \
  double begin = now(), end;                          \
  uint64_t turns = 0;                                 \
  do {                                                \
    for (int r = 0; r < 20000; r++) { EACH(STEP) }    \
    turns += 20000;                                   \
    end = now();                                      \
  } while (end - begin < job->seconds);               \
  job->rate = (double)turns * CHAINS * (ops) / (end - begin);

/* Whether the kernel lets this process use the tile registers; it must be asked before the threads begin. */
static int has_amx(void) {
#ifdef HAS_AMX
  return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* XFEATURE_XTILEDATA */) == 0;
#else
  return 0;
#endif
}

#ifdef HAS_AMX
/* Four accumulators of 16 × 16 sums; each product of two tiles is 16 × 16 × 64 bytes, two operations an element. */
#define TILES(product, elements)                                              \
  double begin = now(), end;                                                  \
  uint64_t turns = 0;                                                         \
  do {                                                                        \
    for (int r = 0; r < 20000; r++) {                                         \
      product(0, 4, 6); product(1, 4, 7); product(2, 5, 6); product(3, 5, 7); \
    }                                                                         \
    turns += 20000;                                                           \
    end = now();                                                              \
  } while (end - begin < job->seconds);                                       \
  job->rate = (double)turns * 4 * 2 * 16 * 16 * (elements) / (end - begin);

static void tiles(struct job *job) {
  static _Thread_local uint8_t bytes[1024];
  struct { uint8_t palette, start, reserved[14]; uint16_t width[16]; uint8_t rows[16]; } config = {.palette = 1};
  for (int i = 0; i < 8; i++) config.width[i] = 64, config.rows[i] = 16;
  for (int i = 0; i < 1024; i++) bytes[i] = i % 7;
  _tile_loadconfig(&config);
  _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
  _tile_loadd(4, bytes, 64); _tile_loadd(5, bytes, 64); _tile_loadd(6, bytes, 64); _tile_loadd(7, bytes, 64);
  if (job->kind == 2) { TILES(_tile_dpbssd, 64) } else { TILES(_tile_dpbf16ps, 32) }
  _tile_release();
}
#endif

static void *work(void *argument) {
  struct job *job = argument;
#ifdef HAS_AMX
  if (job->kind >= 2 && job->amx) { tiles(job); return 0; }
#endif
  if (job->kind == 0) {
    f32 x = SET_F32(0.999999f), y = SET_F32(1e-6f);
#define START(i) f32 a##i = SET_F32(1.0f + i);
#define STEP(i) a##i = FMA_F32(a##i, x, y);
#define STOP(i) job->sink += SUM_F32(a##i);
    EACH(START) LOOP(2 * F32_LANES) EACH(STOP)
#undef START
#undef STEP
#undef STOP
  } else if (job->kind == 1) {
    f64 x = SET_F64(0.999999), y = SET_F64(1e-6);
#define START(i) f64 a##i = SET_F64(1.0 + i);
#define STEP(i) a##i = FMA_F64(a##i, x, y);
#define STOP(i) job->sink += SUM_F64(a##i);
    EACH(START) LOOP(2 * F64_LANES) EACH(STOP)
#undef START
#undef STEP
#undef STOP
  } else if (job->kind == 2) {
#ifdef HAS_INT8
    i32 x = SET_I32(3), y = SET_I32(5);
#define START(i) i32 a##i = SET_I32(i);
#define STEP(i) a##i = DOT_I32(a##i, x, y);
#define STOP(i) job->sink += SUM_I32(a##i);
    EACH(START) LOOP(INT8_OPS) EACH(STOP)
#undef START
#undef STEP
#undef STOP
#else
    job->rate = 0;
#endif
  } else {
#ifdef HAS_BF16
    __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f7f), y = (__m512bh)_mm512_set1_epi16(0x3c00);
#define START(i) __m512 a##i = _mm512_set1_ps(1.0f + i);
#define STEP(i) a##i = _mm512_dpbf16_ps(a##i, x, y);
#define STOP(i) job->sink += _mm512_reduce_add_ps(a##i);
    EACH(START) LOOP(64) EACH(STOP)
#else
    job->rate = 0;
#endif
  }
  return 0;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  double seconds = count > 2 ? atof(arguments[2]) : 1, rates[4] = {0, 0, 0, 0};
  int amx = has_amx();
  if (threads < 1 || threads > 1024) return 64;
  for (int kind = 0; kind < 4; kind++) {
    pthread_t ids[1024];
    static struct job jobs[1024];
    for (int i = 0; i < threads; i++) {
      jobs[i].kind = kind;
      jobs[i].amx = amx;
      jobs[i].seconds = seconds;
      if (pthread_create(&ids[i], 0, work, &jobs[i])) return 70;
    }
    for (int i = 0; i < threads; i++) {
      pthread_join(ids[i], 0);
      rates[kind] += jobs[i].rate;
    }
  }
  printf("{\"FP32\": %.6e, \"FP64\": %.6e, \"INT8\": %.6e, \"BF16\": %.6e}\n", rates[0], rates[1], rates[2], rates[3]);
  return 0;
}
