#pragma once

#include <cstdint>
#include <cstring>

namespace calib {

/**
 * Access to the bits of floats. Comparing bits instead of floats distinguishes denormals even on a thread where an
 * inference library has switched on the denormals-are-zero mode.
 */
inline constexpr std::uint32_t kSignBit = 0x80000000U;
inline constexpr std::uint32_t kInfinityBits = 0x7f800000U;

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(std::uint32_t bits) {
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/** An integer with the same order as the finite floats; -0 and +0 both give 0. */
inline std::int32_t order_of(float value) {
  const std::uint32_t bits = bits_of(value);
  const std::int32_t magnitude = static_cast<std::int32_t>(bits & ~kSignBit);
  return (bits & kSignBit) != 0 ? -magnitude : magnitude;
}

inline float value_of_order(std::int32_t order) {
  return order < 0 ? float_of(static_cast<std::uint32_t>(-order) | kSignBit)
                   : float_of(static_cast<std::uint32_t>(order));
}

}  // namespace calib
