#include "chunk_kernels.h"

#include <algorithm>

#include "float_bits.h"
#include "histogram.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define CALIB_HAS_AVX2_BUILD 1
#define CALIB_AVX2 __attribute__((target("avx2")))
#endif

#if defined(__GNUC__) || defined(__clang__)
#define CALIB_INLINE inline __attribute__((always_inline))
#else
#define CALIB_INLINE inline
#endif

namespace calib {

namespace {

constexpr float kLastBin = static_cast<float>(kBinCount - 1);

CALIB_INLINE ChunkBits scan_body(const float* values, std::size_t count) {
  std::int32_t largest_signed = INT32_MIN;
  std::uint32_t largest_unsigned = 0;
  std::uint32_t smallest_unsigned = UINT32_MAX;
  std::uint32_t zeros = 0;
  std::uint32_t negative_zeros = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(values[i]);
    largest_signed = std::max(largest_signed, static_cast<std::int32_t>(bits));
    largest_unsigned = std::max(largest_unsigned, bits);
    smallest_unsigned = std::min(smallest_unsigned, bits);
    zeros += (bits << 1) == 0 ? 1U : 0U;
    negative_zeros += bits == kSignBit ? 1U : 0U;
  }
  return {largest_signed, largest_unsigned, smallest_unsigned, zeros, negative_zeros};
}

CALIB_INLINE void slots_body(const float* __restrict values, std::size_t count, float scale,
                             std::uint16_t* __restrict slots) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(values[i]);
    // The scale is a power of two: the product is exact, or below one and correctly truncated to 0.
    const float position = float_of(bits & ~kSignBit) * scale;
    const std::int32_t bin = static_cast<std::int32_t>(position < kLastBin ? position : kLastBin);
    const std::int32_t side = static_cast<std::int32_t>((bits >> 31) << kBinCountLog2);
    slots[i] = static_cast<std::uint16_t>(bin | side);
  }
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

ChunkBits scan_baseline(const float* values, std::size_t count) {
  return scan_body(values, count);
}

void slots_baseline(const float* values, std::size_t count, float scale, std::uint16_t* slots) {
  slots_body(values, count, scale, slots);
}

float largest_finite_baseline(const float* values, std::size_t count) {
  return largest_finite_body(values, count);
}

void raise_each_baseline(const float* values, std::size_t count, float* maxima) {
  raise_each_body(values, count, maxima);
}

constexpr ChunkKernels kBaseline{scan_baseline, slots_baseline, largest_finite_baseline, raise_each_baseline};

#ifdef CALIB_HAS_AVX2_BUILD
CALIB_AVX2 ChunkBits scan_avx2(const float* values, std::size_t count) {
  return scan_body(values, count);
}

CALIB_AVX2 void slots_avx2(const float* values, std::size_t count, float scale, std::uint16_t* slots) {
  slots_body(values, count, scale, slots);
}

CALIB_AVX2 float largest_finite_avx2(const float* values, std::size_t count) {
  return largest_finite_body(values, count);
}

CALIB_AVX2 void raise_each_avx2(const float* values, std::size_t count, float* maxima) {
  raise_each_body(values, count, maxima);
}

constexpr ChunkKernels kAvx2{scan_avx2, slots_avx2, largest_finite_avx2, raise_each_avx2};
#endif

}  // namespace

const ChunkKernels& chunk_kernels() {
#ifdef CALIB_HAS_AVX2_BUILD
  // Selected at run time with an if instead of an ifunc (target_clones), which musl's loader does not support.
  if (__builtin_cpu_supports("avx2")) return kAvx2;
#endif
  return kBaseline;
}

}  // namespace calib
