#pragma once

#include <cstdint>
#include <limits>

#include "histogram.h"

namespace calib {

/**
 * The counts of a tensor and of the same values limited to [0, high], as Relu and Clip compute them. The sides have
 * ranges of their own, so that both histograms follow exactly from one pass over the tensor.
 */
struct ClampedHistogram {
  /** Above 0; infinite for a Relu. */
  float high = std::numeric_limits<float>::infinity();
  /** Everything except bins. */
  Histogram all;
  /** Bins of 0 < x < high, of x >= high, and of x < 0. */
  Histogram inside;
  Histogram above;
  Histogram negative;
  std::uint64_t positive_infinities = 0;

  /** The histogram of the tensor. */
  Histogram source() const;
  /** The histogram of its limited values. NaN stays NaN. */
  Histogram clamped() const;
  /** The number of limited values that are NaN or infinite. */
  std::uint64_t clamped_non_finite_count() const;
  void clear();
};

}  // namespace calib
