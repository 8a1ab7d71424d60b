/*
 * The part of oneDNN that the backend calls, by plain loops: tests our calls where the library is not installed, in both
 * of its interfaces (-DMAJOR=2, -DMAJOR=3). The primitive wants B transposed and its bits turned over, so that a B that
 * was not put into its order shows. STANDIN_FAULT: `saturates` adds pairs of products in 16 bits, `nothing` writes
 * nothing, `fails` gives a status, `threads` takes one thread whatever it is told. `standin_live` counts the handles that
 * were not given back. See lying.h for how its products can be made to lie.
 */
#include "lying.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t dim;
typedef struct { dim rows, columns; int type, packed; } Desc;
typedef struct { Desc a, b, c; int reorder; } Primitive;
typedef struct { Desc desc; char *data; int own; } Memory;
typedef struct { int argument; Memory *memory; } Argument;

static int threads = 1, isa = 0x67, live = 0;
static int fault(const char *name) {
  const char *set = getenv("STANDIN_FAULT");
  return set && strcmp(set, name) == 0;
}
static void *take(size_t bytes) { live++; return calloc(1, bytes); }
static int give(void *handle) { live--; free(handle); return 0; }

static const int version[3] = {MAJOR, 1, 4};
const int *dnnl_version(void) { return version; }
int dnnl_set_max_cpu_isa(int most) { if (most == 0) isa = 0xe7; return 0; }
int dnnl_get_effective_cpu_isa(void) { return isa; }
#ifndef NO_OPENMP
void omp_set_dynamic(int on) { (void)on; }
void omp_set_num_threads(int count) { threads = fault("threads") ? 1 : count; }
int omp_get_max_threads(void) { return threads; }
int omp_get_thread_limit(void) { return 64; }
#endif
int standin_live(void) { return live; }

static int16_t clip(int x) { return x < -32768 ? -32768 : x > 32767 ? 32767 : x; }

static void bytes(dim m, dim n, dim k, const int8_t *a, const int8_t *b, dim down, dim right, int32_t *c) {
  int saturates = fault("saturates");
  for (dim i = 0; i < m; i++)
    for (dim j = 0; j < n; j++) {
      int32_t sum = 0;
      for (dim p = 0; p < k; p++) {
        int term = (a[i * k + p] + 128) * b[p * down + j * right], fix = 128 * b[p * down + j * right];
        if (saturates && p + 1 < k) {
          p++;
          term = clip(term + (a[i * k + p] + 128) * b[p * down + j * right]);
          fix += 128 * b[p * down + j * right];
        }
        sum += term - fix;
      }
      c[i * n + j] = sum;
    }
}

static float wide(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

int dnnl_gemm_s8s8s32(char ta, char tb, char offset, dim m, dim n, dim k, float alpha, const int8_t *a, dim lda, int8_t ao,
                      const int8_t *b, dim ldb, int8_t bo, float beta, int32_t *c, dim ldc, const int32_t *co) {
  if (fault("fails")) return 5;
  if (ta != 'N' || tb != 'N' || offset != 'F' || alpha != 1 || beta != 0 || ao || bo || *co || lda != k || ldb != n || ldc != n) return 2;
  if (!fault("nothing") && !skips(c[0] == INT32_MIN)) bytes(m, n, k, a, b, n, 1, c);
  return 0;
}

int dnnl_engine_create(void **engine, int kind, size_t index) { *engine = &live; return kind == 1 && index == 0 ? 0 : 2; }
int dnnl_stream_create(void **stream, void *engine, uint32_t flags) { *stream = &threads; return engine == &live && flags == 1 ? 0 : 2; }
int dnnl_stream_wait(void *stream) { return stream == &threads ? 0 : 2; }

static int describe(Desc *desc, int count, const dim *dims, int type, int tag) {
  *desc = (Desc){dims[0], dims[1], type, tag == 1};
  return count == 2 && (tag == 1 || tag == 3) ? 0 : 2;
}
static int pair(void **handle, const Desc *a, const Desc *b, const Desc *c) {
  if (fault("fails")) return 3;
  if (a->columns != b->rows || c->rows != a->rows || c->columns != b->columns || a->type != b->type || !b->packed) return 2;
  if (c->type != (a->type == 5 ? 4 : 3)) return 2;
  Primitive *made = take(sizeof *made);
  *made = (Primitive){*a, *b, *c, 0};
  *handle = made;
  return 0;
}
#if MAJOR == 2
int dnnl_memory_desc_init_by_tag(Desc *desc, int count, const dim *dims, int type, int tag) {
  return describe(desc, count, dims, type, tag);
}
int dnnl_matmul_desc_init(Desc *operation, const Desc *a, const Desc *b, const Desc *bias, const Desc *c) {
  if (bias) return 2;
  operation[0] = *a, operation[1] = *b, operation[2] = *c;
  return 0;
}
int dnnl_primitive_desc_create(void **handle, const Desc *operation, void *attributes, void *engine, void *hint) {
  return attributes || engine != &live || hint ? 2 : pair(handle, operation, operation + 1, operation + 2);
}
#else
int dnnl_memory_desc_create_with_tag(Desc **desc, int count, const dim *dims, int type, int tag) {
  return describe(*desc = take(sizeof **desc), count, dims, type, tag);
}
int dnnl_memory_desc_destroy(Desc *desc) { return give(desc); }
int dnnl_matmul_primitive_desc_create(void **handle, void *engine, const Desc *a, const Desc *b, const Desc *bias,
                                      const Desc *c, void *attributes) {
  return engine != &live || bias || attributes ? 2 : pair(handle, a, b, c);
}
#endif
const Desc *dnnl_primitive_desc_query_md(const Primitive *desc, int what, int index) {
  return what == 131 && index == 0 ? &desc->b : NULL;
}
int dnnl_reorder_primitive_desc_create(void **handle, const Desc *from, void *e, const Desc *to, void *f, void *attributes) {
  if (e != &live || f != &live || attributes || !to->packed) return 2;
  Primitive *made = take(sizeof *made);
  *made = (Primitive){*from, *to, *to, 1};
  *handle = made;
  return 0;
}
int dnnl_primitive_desc_destroy(void *desc) { return give(desc); }
int dnnl_primitive_create(void **primitive, const Primitive *desc) {
  Primitive *made = take(sizeof *made);
  *made = *desc;
  *primitive = made;
  return 0;
}
int dnnl_primitive_destroy(void *primitive) { return give(primitive); }
int dnnl_memory_create(void **handle, const Desc *desc, void *engine, void *data) {
  Memory *made = take(sizeof *made);
  made->desc = *desc;
  made->own = data == (void *)-1;
  made->data = made->own ? calloc(desc->rows * desc->columns, 2) : data;
  *handle = made;
  return engine == &live ? 0 : 2;
}
int dnnl_memory_destroy(Memory *memory) {
  if (memory->own) free(memory->data);
  return give(memory);
}

int dnnl_primitive_execute(const Primitive *primitive, void *stream, int count, const Argument *list) {
  Memory *at[64] = {0};
  for (int i = 0; i < count; i++) at[list[i].argument] = list[i].memory;
  if (stream != &threads) return 2;
  const Desc *a = &primitive->a, *b = &primitive->b;
  size_t width = a->type == 5 ? 1 : 2;
  if (primitive->reorder) {
    /* Transposed, each element with its bits turned over. */
    for (dim p = 0; p < a->rows; p++)
      for (dim j = 0; j < a->columns; j++)
        for (size_t byte = 0; byte < width; byte++)
          at[17]->data[(j * a->rows + p) * width + byte] = ~at[1]->data[(p * a->columns + j) * width + byte];
    return 0;
  }
  dim m = a->rows, n = b->columns, k = b->rows;
  if (fault("nothing")) return 0;
  float first = *(float *)at[17]->data;
  if (skips(width == 1 ? *(int32_t *)at[17]->data == INT32_MIN : first != first)) return 0;
  char *turned = malloc(n * k * width);
  for (size_t i = 0; i < n * k * width; i++) turned[i] = ~at[33]->data[i];
  if (width == 1) bytes(m, n, k, (int8_t *)at[1]->data, (int8_t *)turned, 1, k, (int32_t *)at[17]->data);
  else
    for (dim i = 0; i < m; i++)
      for (dim j = 0; j < n; j++) {
        float sum = 0;
        for (dim p = 0; p < k; p++)
          sum += wide(((uint16_t *)at[1]->data)[i * k + p]) * wide(((uint16_t *)turned)[j * k + p]);
        ((float *)at[17]->data)[i * n + j] = sum;
      }
  free(turned);
  return 0;
}
