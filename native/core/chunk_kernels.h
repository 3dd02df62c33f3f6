#pragma once

#include <cstddef>
#include <cstdint>

namespace calib {

/** Extremes of the bit patterns of a piece; range, signs and non-finite values are derived from them. */
struct ChunkBits {
  std::int32_t largest_signed = INT32_MIN;
  std::uint32_t largest_unsigned = 0;
  std::uint32_t smallest_unsigned = UINT32_MAX;
  std::uint32_t zeros = 0;
  std::uint32_t negative_zeros = 0;
};

/** The two vectorised passes, compiled for the baseline and (x86-64 with GCC or Clang) for AVX2. */
struct ChunkKernels {
  ChunkBits (*scan)(const float* values, std::size_t count);
  /** slots[i] = min(|values[i]| * scale, 4095) + (negative ? 4096 : 0), truncated; all values finite. */
  void (*slots)(const float* values, std::size_t count, float scale, std::uint16_t* slots);
  /** The largest finite |x|; 0 if there is none. */
  float (*largest_finite)(const float* values, std::size_t count);
  /** maxima[i] = max(maxima[i], |values[i]|) for finite values. */
  void (*raise_each)(const float* values, std::size_t count, float* maxima);
};

/** The fastest kernels that this processor supports. */
const ChunkKernels& chunk_kernels();

}  // namespace calib
