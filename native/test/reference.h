#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "../core/histogram.h"

namespace calib::test {

/** `count` reproducible values of one of six kinds that occur in activations; kind 5 contains every special float. */
inline std::vector<float> sample_values(std::size_t count, int kind, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> unit;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float specials[] = {0.0F,   -0.0F,   1.0F,  -1.0F,  kInfinity, -kInfinity, std::nanf(""),
                            1e-40F, -1e-45F, 3e38F, -3e38F, 0x1p-24F,  0x1p127F};
  std::vector<float> values(count);
  for (float& value : values) {
    switch (kind) {
      case 0:
        value = normal(random);
        break;
      case 1:
        value = std::max(0.0F, normal(random));
        break;
      case 2:
        value = std::clamp(3.0F * normal(random), 0.0F, 6.0F);
        break;
      case 3:
        value = std::exp(8.0F * normal(random));
        break;
      case 4:
        value = unit(random) < 0.01F ? 200.0F * normal(random) : 0.0F;
        break;
      default:
        value = specials[random() % (sizeof specials / sizeof *specials)];
        break;
    }
  }
  return values;
}

inline constexpr int kKinds = 6;

/**
 * A histogram computed directly from the definition, one value at a time: the range is known in advance, so that no
 * range grows and no bins merge.
 */
inline Histogram slow_histogram(const std::vector<float>& values) {
  Histogram histogram;
  double amax = 0.0;
  for (const float value : values) {
    if (std::isfinite(value)) amax = std::max(amax, std::fabs(static_cast<double>(value)));
  }
  while (histogram.exponent < kMaxExponent && amax >= std::ldexp(1.0, histogram.exponent)) ++histogram.exponent;
  const double width = std::ldexp(1.0, histogram.exponent) / kBinCount;
  for (const float value : values) {
    if (std::isnan(value))
      ++histogram.nan_count;
    else if (std::isinf(value))
      ++histogram.infinity_count;
    else {
      const bool is_first = histogram.finite_count++ == 0;
      // Adding +0 turns -0 into +0.
      histogram.min = is_first ? value + 0.0F : std::min(histogram.min, value + 0.0F);
      histogram.max = is_first ? value + 0.0F : std::max(histogram.max, value + 0.0F);
      if (value == 0.0F)
        ++histogram.zero_count;
      else {
        std::vector<std::uint64_t>& side = value > 0.0F ? histogram.positive : histogram.negative;
        if (side.empty()) side.resize(kBinCount);
        ++side[static_cast<std::size_t>(
            std::min<double>(kBinCount - 1, std::floor(std::fabs(static_cast<double>(value)) / width)))];
      }
    }
  }
  return histogram;
}

}  // namespace calib::test
