#include "histogram.h"

#include <algorithm>
#include <cmath>

#include "float_bits.h"

namespace calib {

namespace {

/** Merges adjacent bins `steps` times. */
void halve_resolution(std::vector<std::uint64_t>& bins, int steps) {
  if (bins.empty()) return;
  const int shift = std::min(steps, kBinCountLog2);
  const std::size_t kept = static_cast<std::size_t>(kBinCount) >> shift;
  const std::size_t group = static_cast<std::size_t>(1) << shift;
  for (std::size_t i = 0; i < kept; ++i) {
    std::uint64_t sum = 0;
    for (std::size_t j = 0; j < group; ++j) sum += bins[i * group + j];
    bins[i] = sum;
  }
  std::fill(bins.begin() + static_cast<std::ptrdiff_t>(kept), bins.end(), 0);
}

void add_bins(std::vector<std::uint64_t>& to, const std::vector<std::uint64_t>& from) {
  if (from.empty()) return;
  if (to.empty()) to.resize(kBinCount);
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

}  // namespace

int exponent_for(float amax) {
  if (!(amax > 0.0F)) return kMinExponent;
  return std::clamp(std::ilogb(amax) + 1, kMinExponent, kMaxExponent);
}

int bin_of(float magnitude, int exponent) {
  const float position = std::ldexp(magnitude, kBinCountLog2 - exponent);
  return static_cast<int>(std::min(position, static_cast<float>(kBinCount - 1)));
}

float Histogram::amax() const {
  return std::max(std::fabs(min), std::fabs(max));
}

void Histogram::note_finite(std::uint64_t count, float low, float high) {
  if (count == 0) return;
  const std::int32_t low_order = order_of(low);
  const std::int32_t high_order = order_of(high);
  min = value_of_order(finite_count == 0 ? low_order : std::min(order_of(min), low_order));
  max = value_of_order(finite_count == 0 ? high_order : std::max(order_of(max), high_order));
  finite_count += count;
}

void Histogram::grow_to(int wanted) {
  if (wanted <= exponent) return;
  halve_resolution(positive, wanted - exponent);
  halve_resolution(negative, wanted - exponent);
  exponent = wanted;
}

void Histogram::merge(const Histogram& other) {
  grow_to(other.exponent);
  if (other.exponent < exponent) {
    Histogram raised = other;
    raised.grow_to(exponent);
    add_bins(positive, raised.positive);
    add_bins(negative, raised.negative);
  } else {
    add_bins(positive, other.positive);
    add_bins(negative, other.negative);
  }
  zero_count += other.zero_count;
  nan_count += other.nan_count;
  infinity_count += other.infinity_count;
  note_finite(other.finite_count, other.min, other.max);
}

void Histogram::clear() {
  exponent = kMinExponent;
  std::fill(positive.begin(), positive.end(), 0);
  std::fill(negative.begin(), negative.end(), 0);
  zero_count = nan_count = infinity_count = finite_count = 0;
  min = max = 0.0F;
}

}  // namespace calib
