#pragma once

#include <cstddef>
#include <vector>

#include "folded_histogram.h"

namespace calib {

/** Thresholds in real units by method; all 0 for a tensor that holds nothing finite but zeros. */
struct Thresholds {
  double minmax = 0.0;
  double entropy = 0.0;
  /** Bins kept by the entropy search, 0 when there was nothing to search. */
  std::size_t entropy_index = 0;
  /** In the order asked for. */
  std::vector<double> percentiles;
  double mse = 0.0;
};

/**
 * The value that `percent` (0 < percent <= 100) of all |x|, zeros included, do not exceed: linear inside the bin where
 * the cumulative count reaches it, zeros counted to the first bin; at most amax.
 */
double percentile_threshold(const FoldedHistogram& folded, double percent);

Thresholds thresholds_of(const FoldedHistogram& folded, const std::vector<double>& percentiles);

}  // namespace calib
