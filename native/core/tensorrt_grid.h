#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/**
 * The grid on which TensorRT's entropy calibrator counts |x| of one tensor: kGridBins equal bins over [0, R] in
 * float32. R is initially the largest |x| of the first batch, not rounded, and doubles (adjacent bins merge in pairs)
 * while a value is strictly larger. Bin i contains v with floor(v * 2048 / R) = i, in float32; a value equal to R, now
 * or at an earlier R, belongs to the bin below that edge. Dividing by a doubled R halves the float32 quotient exactly,
 * so that the counts depend on the first R and the multiset of values alone, not on their order. (TensorRT itself puts
 * a value that equals an earlier R and follows after the doubling one bin higher; with float activations that value is
 * the first batch's maximum itself.) NaN and infinities are not counted. 64-bit counts.
 */
inline constexpr std::size_t kGridBins = 2048;
/**
 * First range of a tensor whose first batch contains only zeros. TensorRT's rule defines no range for this case, so
 * that the value is our choice.
 */
inline constexpr float kGridFallbackRange = 0x1p-24F;

struct TensorrtGrid {
  /** `first_amax`: largest |x| of the first batch; if it is 0 or NaN, kGridFallbackRange is used. */
  explicit TensorrtGrid(float first_amax = 0.0F);

  float first_range;
  std::uint32_t doublings = 0;
  /** Largest finite |x| that was counted. */
  float amax = 0.0F;
  std::uint64_t non_finite_count = 0;
  std::vector<std::uint64_t> counts;

  float range() const;
  /** Counts `count` values; returns the largest finite |x| among them (0 if there is none). */
  float add(const float* values, std::size_t count);
  /** Adds the counts of `other` exactly. @throws Error kRecordInvalid unless both have the same first range. */
  void merge(const TensorrtGrid& other);
  /** Resets all counts and the doublings. */
  void clear();

 private:
  /** Counts finite values that are not above the range. */
  void add_finite(const float* values, std::size_t count);
  void grow_to(float magnitude);
  void double_range();
};

/**
 * Encodes a grid as a record of fixed length, little-endian: u8 version, f32 first range, u32 doublings, f32 amax, u64
 * non-finite values, 2048 u64 counts. Equal content gives equal bytes.
 */
std::vector<std::uint8_t> encode_grid(const TensorrtGrid& grid);
/** @throws Error kRecordInvalid */
TensorrtGrid decode_grid(const std::uint8_t* bytes, std::size_t size);

}  // namespace calib
