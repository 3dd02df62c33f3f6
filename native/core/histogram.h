#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/**
 * The streaming histogram of one tensor. Range R = 2^exponent, bin width w = R / kBinCount, bin i contains |x| in [i*w,
 * (i+1)*w); the last bin also contains |x| >= 2^127. The exponent is the smallest one in [kMinExponent, kMaxExponent]
 * with amax < R; each increment merges adjacent bins in pairs, so that the counts depend on the multiset of values
 * alone. Zeros (both signs), NaN and infinities never enter a bin. 64-bit counts.
 */
inline constexpr int kBinCount = 4096;
inline constexpr int kBinCountLog2 = 12;
inline constexpr int kMinExponent = -24;
inline constexpr int kMaxExponent = 127;

struct Histogram {
  int exponent = kMinExponent;
  /** Counts of x > 0 and of x < 0 by |x|: kBinCount entries, or none if that side is empty. */
  std::vector<std::uint64_t> positive;
  std::vector<std::uint64_t> negative;
  std::uint64_t zero_count = 0;
  std::uint64_t nan_count = 0;
  std::uint64_t infinity_count = 0;
  /** Number of finite values, including zeros. */
  std::uint64_t finite_count = 0;
  /** Smallest and largest finite value, never -0; 0 if finite_count is 0. */
  float min = 0.0F;
  float max = 0.0F;

  std::uint64_t element_count() const { return finite_count + nan_count + infinity_count; }
  std::uint64_t non_finite_count() const { return nan_count + infinity_count; }
  float amax() const;

  /** Extends min and max for `count` values between `low` and `high`. */
  void note_finite(std::uint64_t count, float low, float high);
  /** Raises the exponent to at least `wanted`. */
  void grow_to(int wanted);
  /** Adds the counts of `other` exactly. */
  void merge(const Histogram& other);
  void clear();
};

/** The exponent of a histogram whose largest |x| is `amax` (finite). */
int exponent_for(float amax);

/** The bin of `magnitude` >= 0 in a histogram whose `exponent` is large enough for it. */
int bin_of(float magnitude, int exponent);

}  // namespace calib
