#include "clamped_histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace calib {

namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& bins) {
  return std::accumulate(bins.begin(), bins.end(), std::uint64_t{0});
}

}  // namespace

Histogram ClampedHistogram::source() const {
  Histogram result;
  for (const Histogram* side : {&inside, &above, &negative}) result.merge(*side);
  result.zero_count = all.zero_count;
  result.nan_count = all.nan_count;
  result.infinity_count = all.infinity_count;
  result.note_finite(all.finite_count, all.min, all.max);
  return result;
}

Histogram ClampedHistogram::clamped() const {
  Histogram result;
  result.merge(inside);
  const std::uint64_t negative_infinities = all.infinity_count - positive_infinities;
  const bool is_limited = std::isfinite(high);
  const std::uint64_t at_high = sum(above.positive) + (is_limited ? positive_infinities : 0);
  if (at_high > 0) {
    result.grow_to(exponent_for(high));
    result.positive.resize(kBinCount);
    result.positive[static_cast<std::size_t>(bin_of(high, result.exponent))] += at_high;
  }
  result.zero_count = all.zero_count + sum(negative.negative) + negative_infinities;
  result.nan_count = all.nan_count;
  result.infinity_count = is_limited ? 0 : positive_infinities;
  const std::uint64_t finite = all.element_count() - result.non_finite_count();
  float low = all.finite_count > 0 ? std::clamp(all.min, 0.0F, high) : high;
  float most = all.finite_count > 0 ? std::clamp(all.max, 0.0F, high) : 0.0F;
  if (negative_infinities > 0) low = 0.0F;
  if (is_limited && positive_infinities > 0) most = high;
  result.note_finite(finite, low, most);
  return result;
}

std::uint64_t ClampedHistogram::clamped_non_finite_count() const {
  return all.nan_count + (std::isfinite(high) ? 0 : positive_infinities);
}

void ClampedHistogram::clear() {
  for (Histogram* part : {&all, &inside, &above, &negative}) part->clear();
  positive_infinities = 0;
}

}  // namespace calib
