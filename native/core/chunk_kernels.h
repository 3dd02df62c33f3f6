#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/**
 * Where values are counted: those below 0, those from `limit` (above 0) on, and those between; each side has a scale, a
 * power of two.
 */
struct ScanSides {
  float inside_scale;
  float negative_scale;
  float above_scale;
  float limit;
};

/** What a kernel finds in a piece of values. Range, signs and non-finite values follow from the extremes of the bits.
 */
struct ChunkScan {
  std::int32_t largest_signed = INT32_MIN;
  /** The same of the values below the limit. */
  std::int32_t largest_inside = INT32_MIN;
  std::uint32_t largest_unsigned = 0;
  std::uint32_t smallest_unsigned = UINT32_MAX;
  /** Zeros of both signs. */
  std::uint32_t zeros = 0;
  /** Number of slots that were written. */
  std::uint32_t slots = 0;
  /** How many of these slots belong to +0 and to -0; a kernel may leave zeros out instead. */
  std::uint32_t positive_zero_slots = 0;
  std::uint32_t negative_zero_slots = 0;
};

/** The vectorised loops. Every kernel finds the same; the order of slots is not defined. */
struct ChunkKernels {
  const char* name;
  /**
   * Describes `count` values and writes the slots of the finite ones that are not left out: min(|value| * scale, 4095),
   * truncated, + 4096 for a negative value, or 8192 for one above. If some value is NaN or infinite, the slots and the
   * largest value inside are not defined. Writes up to kSlotPadding slots more than it reports.
   */
  ChunkScan (*scan)(const float* values, std::size_t count, const ScanSides& sides, std::uint16_t* slots);
  /** Adds `count` groups of four adjacent counters to `bins` and sets them to 0; a multiple of kMovedTogether. */
  void (*move_counts)(std::uint16_t* counters, std::size_t count, std::uint64_t* bins);
  /** The largest finite |x|; 0 if there is none. */
  float (*largest_finite)(const float* values, std::size_t count);
  /** maxima[i] = max(maxima[i], |values[i]|) for finite values. */
  void (*raise_each)(const float* values, std::size_t count, float* maxima);
};

inline constexpr std::size_t kSlotPadding = 16;
inline constexpr std::size_t kMovedTogether = 8;

/** The fastest kernels that this processor supports. */
const ChunkKernels& chunk_kernels();
/** All kernels that this processor supports, from the portable ones to the fastest. */
std::vector<const ChunkKernels*> supported_kernels();

}  // namespace calib
