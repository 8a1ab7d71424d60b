/*
 * What a chained challenge does between its products, for the device that NVRTC compiles it for, and STREAM's loops.
 * Plain C in all but four words (KERNEL, INSIDE, and the names of a thread's place), so that a processor can run it too.
 * Random numbers are Philox4x32-10; entries, f and sketches are as challenge/chain.ts defines them, bit for bit.
 */
#ifdef __CUDACC_RTC__
#define KERNEL extern "C" __global__ void
#define INSIDE static __device__
#endif

typedef unsigned int u32;
typedef unsigned long long u64;

/* How a whole number is stored: cuBLASLt's operands. */
enum { F64, F32, F16, BF16, E4M3, E5M2, S8 };
/* Kinds of sums. */
enum { SUM_F64, SUM_F32, SUM_S32 };

INSIDE u64 first(void) { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }
INSIDE u64 stride(void) { return (u64)gridDim.x * blockDim.x; }

INSIDE void philox(u32 k0, u32 k1, u64 block, u32 stream, u32 part, u32 out[4]) {
  u32 c0 = (u32)block, c1 = (u32)(block >> 32), c2 = stream, c3 = part;
  for (int round = 0; round < 10; round++) {
    u64 a = (u64)c0 * 0xd2511f53u, b = (u64)c2 * 0xcd9e8d57u;
    c0 = (u32)(b >> 32) ^ c1 ^ k0;
    c1 = (u32)b;
    c2 = (u32)(a >> 32) ^ c3 ^ k1;
    c3 = (u32)a;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* Floats by their bits: sign, exponent with `bias`, `fraction` bits; every value is a whole number that fits. */
INSIDE u32 packed(int value, int bias, int fraction, int sign) {
  union { float f; u32 u; } bits;
  bits.f = (float)value;
  if (value == 0) return 0;
  u32 exponent = ((bits.u >> 23) & 255) - 127 + (u32)bias;
  return (bits.u >> 31 << sign) | (exponent << fraction) | ((bits.u & 0x7fffff) >> (23 - fraction));
}

INSIDE int unpacked(u32 bits, int bias, int fraction, int sign) {
  int exponent = (int)((bits >> fraction) & ((1u << (sign - fraction)) - 1));
  if (exponent == 0) return 0;
  int value = (int)((1u << fraction) | (bits & ((1u << fraction) - 1)));
  int shift = exponent - bias - fraction;
  value = shift >= 0 ? value << shift : value >> -shift;
  return bits >> sign & 1 ? -value : value;
}

INSIDE void store(void *out, u64 i, int value, u32 form) {
  switch (form) {
    case F64: ((double *)out)[i] = value; break;
    case F32: ((float *)out)[i] = (float)value; break;
    case F16: ((unsigned short *)out)[i] = (unsigned short)packed(value, 15, 10, 15); break;
    case BF16: ((unsigned short *)out)[i] = (unsigned short)packed(value, 127, 7, 15); break;
    case E4M3: ((unsigned char *)out)[i] = (unsigned char)packed(value, 7, 3, 7); break;
    case E5M2: ((unsigned char *)out)[i] = (unsigned char)packed(value, 15, 2, 7); break;
    default: ((signed char *)out)[i] = (signed char)value;
  }
}

INSIDE int entry_of(const void *in, u64 i, u32 form) {
  switch (form) {
    case F64: return (int)((const double *)in)[i];
    case F32: return (int)((const float *)in)[i];
    case F16: return unpacked(((const unsigned short *)in)[i], 15, 10, 15);
    case BF16: return unpacked(((const unsigned short *)in)[i], 127, 7, 15);
    case E4M3: return unpacked(((const unsigned char *)in)[i], 7, 3, 7);
    case E5M2: return unpacked(((const unsigned char *)in)[i], 15, 2, 7);
    default: return ((const signed char *)in)[i];
  }
}

/* `count` entries of `bits` bits from the start of a stream: `lanes` of each word, low ones first. */
KERNEL fill(void *out, u64 count, u32 k0, u32 k1, u32 stream, u32 part, u32 lanes, u32 bits, u32 form) {
  u32 width = 32 / lanes;
  for (u64 block = first(); block * 4 * lanes < count; block += stride()) {
    u32 words[4];
    philox(k0, k1, block, stream, part, words);
    for (u32 entry = 0; entry < 4 * lanes; entry++) {
      u64 at = block * 4 * lanes + entry;
      u32 field = words[entry / lanes] << (32 - width * (entry % lanes + 1));
      if (at < count) store(out, at, (int)field >> (32 - bits), form);
    }
  }
}

/* f of every sum: (((s >> shift) + s) mod 2^bits) − 2^(bits − 1). */
KERNEL fold(void *out, const void *sums, u64 count, u32 kind, u32 shift, u32 bits, u32 form) {
  int kept = 1 << bits;
  for (u64 i = first(); i < count; i += stride()) {
    int low;
    if (kind == SUM_F64) {
      long long sum = (long long)((const double *)sums)[i];
      low = (int)(((sum >> shift) + sum) & (kept - 1));
    } else {
      int sum = kind == SUM_F32 ? (int)((const float *)sums)[i] : ((const int *)sums)[i];
      low = ((sum >> shift) + sum) & (kept - 1);
    }
    store(out, i, low - kept / 2, form);
  }
}

/* Adds x·r modulo 2^32 to the sketch of each row; one block a row. The order of adding does not show. */
KERNEL sketch(u32 *out, const void *state, u64 n, u64 rows, u32 form, u32 k0, u32 k1, u32 part) {
  for (u64 row = blockIdx.x; row < rows; row += gridDim.x) {
    u32 sum = 0;
    for (u64 block = threadIdx.x; 4 * block < n; block += blockDim.x) {
      u32 words[4];
      philox(k0, k1, block, 0, part, words);
      for (u64 at = 4 * block; at < 4 * block + 4 && at < n; at++) {
        sum += (u32)entry_of(state, row * n + at, form) * words[at % 4];
      }
    }
    atomicAdd(&out[row], sum);
  }
}

/* STREAM's loops over arrays of floats, two at a time; counts are of pairs. */
union pair { u64 bits; float f[2]; };

KERNEL copy(u64 *a, const u64 *b, u64 pairs) {
  for (u64 i = first(); i < pairs; i += stride()) a[i] = b[i];
}

INSIDE u64 triad_of(u64 b, u64 c) {
  union pair x, y;
  x.bits = b;
  y.bits = c;
  x.f[0] += 3 * y.f[0];
  x.f[1] += 3 * y.f[1];
  return x.bits;
}

KERNEL triad(u64 *a, const u64 *b, const u64 *c, u64 pairs) {
  for (u64 i = first(); i < pairs; i += stride()) a[i] = triad_of(b[i], c[i]);
}

/* Counts the pairs of a that are not what copy (c is null) or triad writes. */
KERNEL compare(u32 *wrong, const u64 *a, const u64 *b, const u64 *c, u64 pairs) {
  u32 found = 0;
  for (u64 i = first(); i < pairs; i += stride()) found += a[i] != (c ? triad_of(b[i], c[i]) : b[i]);
  if (found) atomicAdd(wrong, found);
}
