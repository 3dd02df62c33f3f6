#include "thresholds.h"

#include <algorithm>

#include "entropy_search.h"
#include "quantization_error.h"

namespace calib {

double percentile_threshold(const FoldedHistogram& folded, double percent) {
  const double target = folded.finite_count * percent / 100.0;
  double before = 0.0;
  for (std::size_t i = 0; i < folded.counts.size(); ++i) {
    const double count = folded.counts[i] + (i == 0 ? folded.zero_count : 0.0);
    if (count > 0.0 && before + count >= target) {
      const double position = static_cast<double>(i) + (target - before) / count;
      return std::min(folded.amax, position * folded.bin_width);
    }
    before += count;
  }
  return folded.amax;
}

Thresholds thresholds_of(const FoldedHistogram& folded, const std::vector<double>& percentiles) {
  Thresholds thresholds;
  thresholds.minmax = folded.amax;
  for (const double percent : percentiles) thresholds.percentiles.push_back(percentile_threshold(folded, percent));
  if (folded.empty()) return thresholds;
  if (const auto search = search_entropy(entropy_bins(folded))) {
    const double bin_width = folded.amax / static_cast<double>(kEntropyBins);
    thresholds.entropy_index = search->index;
    thresholds.entropy = std::min(folded.amax, (static_cast<double>(search->index) + 0.5) * bin_width);
  }
  thresholds.mse = mse_threshold(folded);
  return thresholds;
}

}  // namespace calib
