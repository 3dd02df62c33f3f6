#include "folded_histogram.h"

#include <cmath>

namespace calib {

FoldedHistogram fold_histogram(const Histogram& histogram) {
  FoldedHistogram folded;
  folded.bin_width = std::ldexp(1.0, histogram.exponent - kBinCountLog2);
  folded.amax = static_cast<double>(histogram.amax());
  folded.zero_count = static_cast<double>(histogram.zero_count);
  folded.finite_count = static_cast<double>(histogram.finite_count);
  if (folded.amax == 0.0) return folded;
  const std::size_t used = static_cast<std::size_t>(bin_of(histogram.amax(), histogram.exponent)) + 1;
  folded.counts.resize(used);
  for (std::size_t i = 0; i < used; ++i) {
    const std::uint64_t positive = histogram.positive.empty() ? 0 : histogram.positive[i];
    const std::uint64_t negative = histogram.negative.empty() ? 0 : histogram.negative[i];
    folded.counts[i] = static_cast<double>(positive + negative);
  }
  return folded;
}

}  // namespace calib
