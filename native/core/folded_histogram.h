#pragma once

#include <vector>

#include "histogram.h"

namespace calib {

/**
 * Counts of |x|: bin i < counts.size() = floor(amax / w) + 1 spans [i*w, (i+1)*w), the last one [i*w, amax]. Exact
 * zeros are kept apart. No bins when no finite value but zero was seen.
 * Twin of src-shared/domain/histograms/folded-histogram.ts.
 */
struct FoldedHistogram {
  double bin_width = 0.0;
  double amax = 0.0;
  std::vector<double> counts;
  double zero_count = 0.0;
  /** All finite values, zeros included. */
  double finite_count = 0.0;

  bool empty() const { return counts.empty(); }
  /** Upper edge of bin i in units of the bin width. */
  double upper_edge(std::size_t i) const {
    return i + 1 == counts.size() ? amax / bin_width : static_cast<double>(i + 1);
  }
};

FoldedHistogram fold_histogram(const Histogram& histogram);

}  // namespace calib
