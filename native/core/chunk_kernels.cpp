#include "chunk_kernels.h"

#include <algorithm>
#include <cstring>

#include "float_bits.h"
#include "histogram.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define CALIB_HAS_X86_KERNELS 1
#include <immintrin.h>
#define CALIB_AVX2 __attribute__((target("avx2,popcnt")))
#define CALIB_AVX512 __attribute__((target("avx512f,popcnt")))
#endif

#if defined(__aarch64__)
#define CALIB_HAS_NEON_KERNELS 1
#include <arm_neon.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define CALIB_INLINE inline __attribute__((always_inline))
#else
#define CALIB_INLINE inline
#endif

namespace calib {

namespace {

constexpr float kLastBin = static_cast<float>(kBinCount - 1);

// The portable loops are written so that compilers vectorise them.

CALIB_INLINE void extremes_body(const float* values, std::size_t count, float limit, ChunkScan& found) {
  std::int32_t largest_signed = found.largest_signed;
  std::int32_t largest_inside = found.largest_inside;
  const std::int32_t limit_bits = static_cast<std::int32_t>(bits_of(limit));
  std::uint32_t largest_unsigned = found.largest_unsigned;
  std::uint32_t smallest_unsigned = found.smallest_unsigned;
  std::uint32_t zeros = 0;
  std::uint32_t negative_zeros = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(values[i]);
    largest_signed = std::max(largest_signed, static_cast<std::int32_t>(bits));
    const std::int32_t order = static_cast<std::int32_t>(bits);
    largest_inside = std::max(largest_inside, order < limit_bits ? order : INT32_MIN);
    largest_unsigned = std::max(largest_unsigned, bits);
    smallest_unsigned = std::min(smallest_unsigned, bits);
    zeros += (bits << 1) == 0 ? 1U : 0U;
    negative_zeros += bits == kSignBit ? 1U : 0U;
  }
  found.largest_signed = largest_signed;
  found.largest_inside = largest_inside;
  found.largest_unsigned = largest_unsigned;
  found.smallest_unsigned = smallest_unsigned;
  found.zeros += zeros;
  found.positive_zero_slots += zeros - negative_zeros;
  found.negative_zero_slots += negative_zeros;
}

CALIB_INLINE void slots_body(const float* __restrict values, std::size_t count, const ScanSides& sides,
                             std::uint16_t* __restrict slots) {
  const ScanSides by = sides;
  const std::int32_t limit_bits = static_cast<std::int32_t>(bits_of(by.limit));
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(values[i]);
    const bool is_above = static_cast<std::int32_t>(bits) >= limit_bits;
    const bool is_negative = (bits & kSignBit) != 0;
    const float scale = is_negative ? by.negative_scale : is_above ? by.above_scale : by.inside_scale;
    // The scale is a power of two: the product is exact, or below one and correctly truncated to 0.
    const float position = float_of(bits & ~kSignBit) * scale;
    const std::int32_t bin = static_cast<std::int32_t>(position < kLastBin ? position : kLastBin);
    const std::int32_t side = is_negative ? kBinCount : is_above ? 2 * kBinCount : 0;
    slots[i] = static_cast<std::uint16_t>(bin | side);
  }
}

ChunkScan scan_portable(const float* values, std::size_t count, const ScanSides& sides, std::uint16_t* slots) {
  ChunkScan found;
  extremes_body(values, count, sides.limit, found);
  slots_body(values, count, sides, slots);
  found.slots = static_cast<std::uint32_t>(count);
  return found;
}

CALIB_INLINE void move_counts_body(std::uint16_t* __restrict counters, std::size_t count,
                                   std::uint64_t* __restrict bins) {
  constexpr std::uint64_t kEven = 0x0000ffff0000ffffU;
  for (std::size_t begin = 0; begin < count; begin += kMovedTogether) {
    std::uint64_t fours[kMovedTogether];
    std::memcpy(fours, counters + 4 * begin, sizeof fours);
    std::uint64_t any = 0;
    for (const std::uint64_t four : fours) any |= four;
    // Most bins far from 0 are empty.
    if (any == 0) continue;
    for (std::size_t i = 0; i < kMovedTogether; ++i) {
      const std::uint64_t two = (fours[i] & kEven) + (fours[i] >> 16 & kEven);
      bins[begin + i] += (two & 0xffffffffU) + (two >> 32);
    }
    std::memset(counters + 4 * begin, 0, sizeof fours);
  }
}

void move_counts_portable(std::uint16_t* counters, std::size_t count, std::uint64_t* bins) {
  move_counts_body(counters, count, bins);
}

/** Bits of |x|; 0 if it is NaN or infinite. Bits of positive floats have the order of the floats. */
CALIB_INLINE std::int32_t finite_magnitude(float value) {
  const std::int32_t bits = static_cast<std::int32_t>(bits_of(value) & ~kSignBit);
  return bits < static_cast<std::int32_t>(kInfinityBits) ? bits : 0;
}

CALIB_INLINE float largest_finite_body(const float* values, std::size_t count) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, finite_magnitude(values[i]));
  return float_of(static_cast<std::uint32_t>(largest));
}

CALIB_INLINE void raise_each_body(const float* __restrict values, std::size_t count, float* __restrict maxima) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t bits = std::max(static_cast<std::int32_t>(bits_of(maxima[i])), finite_magnitude(values[i]));
    maxima[i] = float_of(static_cast<std::uint32_t>(bits));
  }
}

float largest_finite_portable(const float* values, std::size_t count) {
  return largest_finite_body(values, count);
}

void raise_each_portable(const float* values, std::size_t count, float* maxima) {
  raise_each_body(values, count, maxima);
}

constexpr ChunkKernels kPortable{"portable", scan_portable, move_counts_portable, largest_finite_portable,
                                 raise_each_portable};

#ifdef CALIB_HAS_X86_KERNELS

/** Shifts the sign bit to the place of the negative side in a slot. */
constexpr int kSignToSide = 19;
static_assert(kSignBit >> kSignToSide == kBinCount, "a slot of the negative side has this bit");

/** `kHasScales`: whether the sides may have different scales; `kHasLimit`: whether values may lie above the limit. */
template <bool kHasScales, bool kHasLimit>
CALIB_AVX2 ChunkScan scan_sides_avx2(const float* values, std::size_t count, const ScanSides& sides,
                                     std::uint16_t* slots) {
  constexpr std::size_t kLanes = 8;
  const __m256i sign = _mm256_set1_epi32(static_cast<int>(kSignBit));
  const __m256i negative_side = _mm256_set1_epi32(kBinCount);
  const __m256i above_side = _mm256_set1_epi32(2 * kBinCount);
  const __m256 inside_scale = _mm256_set1_ps(sides.inside_scale);
  const __m256 negative_scale = _mm256_set1_ps(sides.negative_scale);
  const __m256 above_scale = _mm256_set1_ps(sides.above_scale);
  // Bits of positive floats, and negative numbers, have the order of the floats.
  const __m256i below_limit = _mm256_set1_epi32(static_cast<std::int32_t>(bits_of(sides.limit)) - 1);
  const __m256 last = _mm256_set1_ps(kLastBin);
  __m256i largest_signed = _mm256_set1_epi32(INT32_MIN);
  __m256i largest_inside = _mm256_set1_epi32(INT32_MIN);
  __m256i largest_unsigned = _mm256_setzero_si256();
  __m256i smallest_unsigned = _mm256_set1_epi32(-1);
  // Lanes count downwards: a true comparison is -1.
  __m256i zeros = _mm256_setzero_si256();
  __m256i negative_zeros = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i));
    largest_signed = _mm256_max_epi32(largest_signed, bits);
    largest_unsigned = _mm256_max_epu32(largest_unsigned, bits);
    smallest_unsigned = _mm256_min_epu32(smallest_unsigned, bits);
    const __m256i magnitude = _mm256_andnot_si256(sign, bits);
    zeros = _mm256_add_epi32(zeros, _mm256_cmpeq_epi32(magnitude, _mm256_setzero_si256()));
    negative_zeros = _mm256_add_epi32(negative_zeros, _mm256_cmpeq_epi32(bits, sign));
    __m256 factor = inside_scale;
    __m256i side = _mm256_and_si256(_mm256_srli_epi32(bits, kSignToSide), negative_side);
    if constexpr (kHasLimit) {
      const __m256i above = _mm256_cmpgt_epi32(bits, below_limit);
      largest_inside = _mm256_max_epi32(largest_inside, _mm256_blendv_epi8(bits, sign, above));
      factor = _mm256_blendv_ps(factor, above_scale, _mm256_castsi256_ps(above));
      side = _mm256_or_si256(side, _mm256_and_si256(above, above_side));
    }
    if constexpr (kHasScales) factor = _mm256_blendv_ps(factor, negative_scale, _mm256_castsi256_ps(bits));
    const __m256 position = _mm256_min_ps(_mm256_mul_ps(_mm256_castsi256_ps(magnitude), factor), last);
    const __m256i slot = _mm256_or_si256(_mm256_cvttps_epi32(position), side);
    const __m128i packed = _mm_packus_epi32(_mm256_castsi256_si128(slot), _mm256_extracti128_si256(slot, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(slots + i), packed);
  }
  alignas(32) std::int32_t lanes[6][kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[0]), largest_signed);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[1]), largest_unsigned);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[2]), smallest_unsigned);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[3]), zeros);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[4]), negative_zeros);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[5]), largest_inside);
  ChunkScan found;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    found.largest_inside = std::max(found.largest_inside, lanes[5][lane]);
    found.largest_signed = std::max(found.largest_signed, lanes[0][lane]);
    found.largest_unsigned = std::max(found.largest_unsigned, static_cast<std::uint32_t>(lanes[1][lane]));
    found.smallest_unsigned = std::min(found.smallest_unsigned, static_cast<std::uint32_t>(lanes[2][lane]));
    found.zeros += static_cast<std::uint32_t>(-lanes[3][lane]);
    found.negative_zero_slots += static_cast<std::uint32_t>(-lanes[4][lane]);
  }
  if constexpr (!kHasLimit) found.largest_inside = found.largest_signed;
  found.positive_zero_slots = found.zeros - found.negative_zero_slots;
  extremes_body(values + i, count - i, sides.limit, found);
  slots_body(values + i, count - i, sides, slots + i);
  found.slots = static_cast<std::uint32_t>(count);
  return found;
}

CALIB_AVX2 ChunkScan scan_avx2(const float* values, std::size_t count, const ScanSides& sides, std::uint16_t* slots) {
  if (bits_of(sides.limit) != kInfinityBits) return scan_sides_avx2<true, true>(values, count, sides, slots);
  return sides.negative_scale != sides.inside_scale ? scan_sides_avx2<true, false>(values, count, sides, slots)
                                                    : scan_sides_avx2<false, false>(values, count, sides, slots);
}

CALIB_AVX2 void move_counts_avx2(std::uint16_t* counters, std::size_t count, std::uint64_t* bins) {
  move_counts_body(counters, count, bins);
}

CALIB_AVX2 float largest_finite_avx2(const float* values, std::size_t count) {
  return largest_finite_body(values, count);
}

CALIB_AVX2 void raise_each_avx2(const float* values, std::size_t count, float* maxima) {
  raise_each_body(values, count, maxima);
}

constexpr ChunkKernels kAvx2{"avx2", scan_avx2, move_counts_avx2, largest_finite_avx2, raise_each_avx2};

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own header initialises registers with themselves (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

struct Avx512Sides {
  __m512 inside_scale;
  __m512 negative_scale;
  __m512 above_scale;
  __m512i limit;
};

/** What sixteen lanes have found, and where the next slots go. */
struct Avx512Found {
  __m512i largest_signed;
  __m512i largest_inside;
  __m512i largest_unsigned;
  __m512i smallest_unsigned;
  std::uint16_t* out;
};

/**
 * Scans the sixteen values of `bits`, and writes slots for those of `used`. Leaves zeros out: about half of the outputs
 * of a Relu need no counter.
 */
template <bool kHasScales, bool kHasLimit>
CALIB_AVX512 CALIB_INLINE void scan_lanes_avx512(__m512i bits, __mmask16 used, const Avx512Sides& sides,
                                                 Avx512Found& found) {
  constexpr std::size_t kLanes = 16;
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(kSignBit));
  found.largest_signed = _mm512_max_epi32(found.largest_signed, bits);
  found.largest_unsigned = _mm512_max_epu32(found.largest_unsigned, bits);
  found.smallest_unsigned = _mm512_min_epu32(found.smallest_unsigned, bits);
  const __m512i magnitude = _mm512_andnot_epi32(sign, bits);
  const __mmask16 kept = _mm512_mask_test_epi32_mask(used, magnitude, magnitude);
  const __mmask16 above = kHasLimit ? _mm512_cmpge_epi32_mask(bits, sides.limit) : __mmask16{0};
  __m512 factor = sides.inside_scale;
  if constexpr (kHasLimit) {
    found.largest_inside = _mm512_mask_max_epi32(found.largest_inside, _knot_mask16(above), found.largest_inside, bits);
    factor = _mm512_mask_mov_ps(factor, above, sides.above_scale);
  }
  if constexpr (kHasScales)
    factor = _mm512_mask_mov_ps(factor, _mm512_test_epi32_mask(bits, sign), sides.negative_scale);
  const __m512 last = _mm512_set1_ps(kLastBin);
  const __m512i bin = _mm512_cvttps_epi32(_mm512_min_ps(_mm512_mul_ps(_mm512_castsi512_ps(magnitude), factor), last));
  const __m512i negative_side = _mm512_set1_epi32(kBinCount);
  // bin | (shifted & negative_side)
  __m512i slot = _mm512_ternarylogic_epi32(bin, _mm512_srli_epi32(bits, kSignToSide), negative_side, 0xf8);
  if constexpr (kHasLimit) slot = _mm512_mask_or_epi32(slot, above, slot, _mm512_set1_epi32(2 * kBinCount));
  if (kept == 0xffff) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(found.out), _mm512_cvtepi32_epi16(slot));
    found.out += kLanes;
    return;
  }
  const __m256i packed = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(kept, slot));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(found.out), packed);
  found.out += _mm_popcnt_u32(kept);
}

/** `kHasScales`: whether the sides may have different scales; `kHasLimit`: whether values may lie above the limit. */
template <bool kHasScales, bool kHasLimit>
CALIB_AVX512 ChunkScan scan_sides_avx512(const float* values, std::size_t count, const ScanSides& sides,
                                         std::uint16_t* slots) {
  constexpr std::size_t kLanes = 16;
  const Avx512Sides by{_mm512_set1_ps(sides.inside_scale), _mm512_set1_ps(sides.negative_scale),
                       _mm512_set1_ps(sides.above_scale),
                       _mm512_set1_epi32(static_cast<std::int32_t>(bits_of(sides.limit)))};
  Avx512Found lanes{_mm512_set1_epi32(INT32_MIN), _mm512_set1_epi32(INT32_MIN), _mm512_setzero_si512(),
                    _mm512_set1_epi32(-1), slots};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    scan_lanes_avx512<kHasScales, kHasLimit>(_mm512_loadu_si512(values + i), 0xffff, by, lanes);
  if (i < count) {
    // Lanes behind the last value repeat the first one.
    const __mmask16 used = static_cast<__mmask16>((1U << (count - i)) - 1U);
    const __m512i first = _mm512_castps_si512(_mm512_set1_ps(values[0]));
    scan_lanes_avx512<kHasScales, kHasLimit>(_mm512_mask_loadu_epi32(first, used, values + i), used, by, lanes);
  }
  ChunkScan found;
  found.largest_signed = _mm512_reduce_max_epi32(lanes.largest_signed);
  found.largest_inside = kHasLimit ? _mm512_reduce_max_epi32(lanes.largest_inside) : found.largest_signed;
  found.largest_unsigned = _mm512_reduce_max_epu32(lanes.largest_unsigned);
  found.smallest_unsigned = _mm512_reduce_min_epu32(lanes.smallest_unsigned);
  found.slots = static_cast<std::uint32_t>(lanes.out - slots);
  found.zeros = static_cast<std::uint32_t>(count) - found.slots;
  return found;
}

ChunkScan scan_avx512(const float* values, std::size_t count, const ScanSides& sides, std::uint16_t* slots) {
  if (bits_of(sides.limit) != kInfinityBits) return scan_sides_avx512<true, true>(values, count, sides, slots);
  return sides.negative_scale != sides.inside_scale ? scan_sides_avx512<true, false>(values, count, sides, slots)
                                                    : scan_sides_avx512<false, false>(values, count, sides, slots);
}

CALIB_AVX512 void move_counts_avx512(std::uint16_t* counters, std::size_t count, std::uint64_t* bins) {
  const __m512i even = _mm512_set1_epi32(0xffff);
  const __m512i low = _mm512_set1_epi64(0xffffffff);
  for (std::size_t i = 0; i < count; i += kMovedTogether) {
    const __m512i fours = _mm512_loadu_si512(counters + 4 * i);
    // Most bins far from 0 are empty.
    if (_mm512_test_epi64_mask(fours, fours) == 0) continue;
    const __m512i twos = _mm512_add_epi32(_mm512_and_si512(fours, even), _mm512_srli_epi32(fours, 16));
    const __m512i sums = _mm512_add_epi64(_mm512_and_si512(twos, low), _mm512_srli_epi64(twos, 32));
    _mm512_storeu_si512(bins + i, _mm512_add_epi64(_mm512_loadu_si512(bins + i), sums));
    _mm512_storeu_si512(counters + 4 * i, _mm512_setzero_si512());
  }
}

CALIB_AVX512 float largest_finite_avx512(const float* values, std::size_t count) {
  return largest_finite_body(values, count);
}

CALIB_AVX512 void raise_each_avx512(const float* values, std::size_t count, float* maxima) {
  raise_each_body(values, count, maxima);
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

constexpr ChunkKernels kAvx512{"avx512", scan_avx512, move_counts_avx512, largest_finite_avx512, raise_each_avx512};
#endif

#ifdef CALIB_HAS_NEON_KERNELS

/** What four lanes have found. */
struct NeonExtremes {
  int32x4_t largest_signed = vdupq_n_s32(INT32_MIN);
  int32x4_t largest_inside = vdupq_n_s32(INT32_MIN);
  uint32x4_t largest_unsigned = vdupq_n_u32(0);
  uint32x4_t smallest_unsigned = vdupq_n_u32(UINT32_MAX);
  uint32x4_t zeros = vdupq_n_u32(0);
  uint32x4_t negative_zeros = vdupq_n_u32(0);
};

struct NeonSides {
  float32x4_t inside_scale;
  float32x4_t negative_scale;
  float32x4_t above_scale;
  int32x4_t limit;
};

/** The slots of four values. */
CALIB_INLINE uint16x4_t slots_neon(const float* values, const NeonSides& sides, NeonExtremes& found) {
  const uint32x4_t sign = vdupq_n_u32(kSignBit);
  const uint32x4_t bits = vreinterpretq_u32_f32(vld1q_f32(values));
  // Bits of positive floats, and negative numbers, have the order of the floats.
  const int32x4_t order = vreinterpretq_s32_u32(bits);
  found.largest_signed = vmaxq_s32(found.largest_signed, order);
  found.largest_unsigned = vmaxq_u32(found.largest_unsigned, bits);
  found.smallest_unsigned = vminq_u32(found.smallest_unsigned, bits);
  const uint32x4_t magnitude = vbicq_u32(bits, sign);
  // A true comparison is -1.
  found.zeros = vsubq_u32(found.zeros, vceqzq_u32(magnitude));
  found.negative_zeros = vsubq_u32(found.negative_zeros, vceqq_u32(bits, sign));
  const uint32x4_t above = vcgeq_s32(order, sides.limit);
  const uint32x4_t negative = vcltzq_s32(order);
  found.largest_inside = vmaxq_s32(found.largest_inside, vbslq_s32(above, vdupq_n_s32(INT32_MIN), order));
  const float32x4_t positive_scale = vbslq_f32(above, sides.above_scale, sides.inside_scale);
  const float32x4_t factor = vbslq_f32(negative, sides.negative_scale, positive_scale);
  const float32x4_t position = vminq_f32(vmulq_f32(vreinterpretq_f32_u32(magnitude), factor), vdupq_n_f32(kLastBin));
  const uint32x4_t side =
      vorrq_u32(vandq_u32(negative, vdupq_n_u32(kBinCount)), vandq_u32(above, vdupq_n_u32(2 * kBinCount)));
  return vmovn_u32(vorrq_u32(vcvtq_u32_f32(position), side));
}

ChunkScan scan_neon(const float* values, std::size_t count, const ScanSides& sides, std::uint16_t* slots) {
  constexpr std::size_t kLanes = 8;
  const NeonSides by{vdupq_n_f32(sides.inside_scale), vdupq_n_f32(sides.negative_scale), vdupq_n_f32(sides.above_scale),
                     vdupq_n_s32(static_cast<std::int32_t>(bits_of(sides.limit)))};
  NeonExtremes lanes;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const uint16x4_t low = slots_neon(values + i, by, lanes);
    const uint16x4_t high = slots_neon(values + i + kLanes / 2, by, lanes);
    vst1q_u16(slots + i, vcombine_u16(low, high));
  }
  ChunkScan found;
  found.largest_signed = vmaxvq_s32(lanes.largest_signed);
  found.largest_inside = vmaxvq_s32(lanes.largest_inside);
  found.largest_unsigned = vmaxvq_u32(lanes.largest_unsigned);
  found.smallest_unsigned = vminvq_u32(lanes.smallest_unsigned);
  found.zeros = vaddvq_u32(lanes.zeros);
  found.negative_zero_slots = vaddvq_u32(lanes.negative_zeros);
  found.positive_zero_slots = found.zeros - found.negative_zero_slots;
  extremes_body(values + i, count - i, sides.limit, found);
  slots_body(values + i, count - i, sides, slots + i);
  found.slots = static_cast<std::uint32_t>(count);
  return found;
}

void move_counts_neon(std::uint16_t* counters, std::size_t count, std::uint64_t* bins) {
  constexpr std::size_t kPairs = kMovedTogether / 2;
  for (std::size_t begin = 0; begin < count; begin += kMovedTogether) {
    uint16x8_t pairs[kPairs];
    uint16x8_t any = vdupq_n_u16(0);
    for (std::size_t i = 0; i < kPairs; ++i) {
      pairs[i] = vld1q_u16(counters + 4 * begin + 8 * i);
      any = vorrq_u16(any, pairs[i]);
    }
    // Most bins far from 0 are empty.
    if (vmaxvq_u16(any) == 0) continue;
    for (std::size_t i = 0; i < kPairs; ++i) {
      std::uint64_t* const out = bins + begin + 2 * i;
      vst1q_u64(out, vpadalq_u32(vld1q_u64(out), vpaddlq_u16(pairs[i])));
      vst1q_u16(counters + 4 * begin + 8 * i, vdupq_n_u16(0));
    }
  }
}

/** Bits of |x| of four values; 0 where a value is NaN or infinite. */
CALIB_INLINE uint32x4_t finite_magnitudes_neon(const float* values) {
  const uint32x4_t bits = vbicq_u32(vreinterpretq_u32_f32(vld1q_f32(values)), vdupq_n_u32(kSignBit));
  return vandq_u32(bits, vcltq_u32(bits, vdupq_n_u32(kInfinityBits)));
}

float largest_finite_neon(const float* values, std::size_t count) {
  constexpr std::size_t kLanes = 4;
  uint32x4_t largest = vdupq_n_u32(0);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) largest = vmaxq_u32(largest, finite_magnitudes_neon(values + i));
  return std::max(float_of(vmaxvq_u32(largest)), largest_finite_body(values + i, count - i));
}

void raise_each_neon(const float* values, std::size_t count, float* maxima) {
  constexpr std::size_t kLanes = 4;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const uint32x4_t now = vreinterpretq_u32_f32(vld1q_f32(maxima + i));
    vst1q_f32(maxima + i, vreinterpretq_f32_u32(vmaxq_u32(now, finite_magnitudes_neon(values + i))));
  }
  raise_each_body(values + i, count - i, maxima + i);
}

constexpr ChunkKernels kNeon{"neon", scan_neon, move_counts_neon, largest_finite_neon, raise_each_neon};
#endif

}  // namespace

std::vector<const ChunkKernels*> supported_kernels() {
  std::vector<const ChunkKernels*> kernels = {&kPortable};
#ifdef CALIB_HAS_X86_KERNELS
  // Selected at run time with an if instead of an ifunc (target_clones), which musl's loader does not support.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) kernels.push_back(&kAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt")) kernels.push_back(&kAvx512);
#endif
#ifdef CALIB_HAS_NEON_KERNELS
  // Every 64-bit ARM processor has them.
  kernels.push_back(&kNeon);
#endif
  return kernels;
}

const ChunkKernels& chunk_kernels() {
  static const ChunkKernels& fastest = *supported_kernels().back();
  return fastest;
}

}  // namespace calib
