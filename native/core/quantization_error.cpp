#include "quantization_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace calib {

namespace {

/** Quantization steps longer than this many bins resolve single levels. */
constexpr double kFineStep = 2.0;

/** Bins below the returned one have their centre below (k + 1/2) steps; all in units of the bin width. */
std::size_t level_end(int k, double step, std::size_t limit) {
  const double edge = (static_cast<double>(k) + 0.5) * step - 0.5;
  if (edge >= static_cast<double>(limit)) return limit;
  // ceil without a library call: the edge is positive because steps are longer than two bins here.
  const std::size_t whole = static_cast<std::size_t>(edge);
  return static_cast<double>(whole) < edge ? whole + 1 : whole;
}

/** Marks the levels that the occupied bins of one side reach, and returns how many there are above level 0. */
int mark_levels(const std::vector<std::uint64_t>& bins, double step, bool& has_level_zero) {
  std::array<bool, kLevels + 1> used{};
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] == 0) continue;
    const double low = static_cast<double>(i);
    const bool is_fine = step > kFineStep;
    const double first = std::min(static_cast<double>(kLevels), std::floor((is_fine ? low + 0.5 : low) / step + 0.5));
    const double last = is_fine ? first : std::min(static_cast<double>(kLevels), std::floor((low + 1.0) / step + 0.5));
    for (int level = static_cast<int>(first); level <= static_cast<int>(last); ++level)
      used[static_cast<std::size_t>(level)] = true;
  }
  has_level_zero = has_level_zero || used[0];
  return static_cast<int>(std::count(used.begin() + 1, used.end(), true));
}

int count_levels(const Histogram& histogram, double step) {
  bool has_level_zero = histogram.zero_count > 0;
  const int above = mark_levels(histogram.positive, step, has_level_zero);
  const int below = mark_levels(histogram.negative, step, has_level_zero);
  return above + below + (has_level_zero ? 1 : 0);
}

}  // namespace

ErrorModel::ErrorModel(const FoldedHistogram& folded)
    : folded_(folded), below_(folded.counts.size() + 1), above_(folded.counts.size() + 1) {
  const std::size_t n = folded.counts.size();
  std::vector<Moments> bins(n);
  for (std::size_t i = 0; i < n; ++i) {
    bins[i] = uniform(folded.counts[i], static_cast<double>(i), folded.upper_edge(i));
    below_[i + 1] = {below_[i].count + bins[i].count, below_[i].first + bins[i].first,
                     below_[i].second + bins[i].second};
  }
  for (std::size_t i = n; i-- > 0;) {
    above_[i] = {above_[i + 1].count + bins[i].count, above_[i + 1].first + bins[i].first,
                 above_[i + 1].second + bins[i].second};
  }
  if (folded.finite_count > 0.0)
    signal_power_ = above_[0].second * (folded.bin_width * folded.bin_width) / folded.finite_count;
}

double ErrorModel::squared_distance(const Moments& sum, double point) {
  return sum.second - 2.0 * point * sum.first + point * point * sum.count;
}

ErrorModel::Moments ErrorModel::uniform(double count, double low, double high) {
  const double centre = (low + high) / 2.0;
  const double width = high - low;
  return {count, count * centre, count * (centre * centre + width * width / 12.0)};
}

double ErrorModel::rounding_of_whole_bins(std::size_t end, double step) const {
  double sum = 0.0;
  std::size_t begin = 0;
  for (int k = 0; k <= kLevels && begin < end; ++k) {
    const std::size_t next = k == kLevels ? end : level_end(k, step, end);
    const Moments& upto = below_[next];
    const Moments& before = below_[begin];
    const Moments level{upto.count - before.count, upto.first - before.first, upto.second - before.second};
    if (level.count > 0.0) sum += std::max(0.0, squared_distance(level, static_cast<double>(k) * step));
    begin = next;
  }
  return sum;
}

QuantizationError ErrorModel::at(double threshold) const {
  const double top = threshold / folded_.bin_width;
  const double step = top / kLevels;
  const bool is_fine = step > kFineStep;
  const std::size_t last = folded_.counts.size() - 1;
  const std::size_t cut = top < static_cast<double>(last) ? static_cast<std::size_t>(top) : last;

  // The bin that the threshold cuts (or the last bin, which it may leave whole).
  const double low = static_cast<double>(cut);
  const double high = folded_.upper_edge(cut);
  const double kept_high = std::min(high, top);
  const double kept = top >= high ? folded_.counts[cut] : folded_.counts[cut] * ((top - low) / (high - low));
  const double lost = folded_.counts[cut] - kept;

  double rounding = 0.0;
  if (is_fine) {
    const double level = std::min(static_cast<double>(kLevels), std::floor((low + kept_high) / 2.0 / step + 0.5));
    rounding = rounding_of_whole_bins(cut, step) +
               std::max(0.0, squared_distance(uniform(kept, low, kept_high), level * step));
  } else {
    rounding = (below_[cut].count + kept) * (step * step) / 12.0;
  }
  const double lost_distance = high - top;
  const double clipping = (lost > 0.0 ? lost * (lost_distance * lost_distance) / 3.0 : 0.0) +
                          std::max(0.0, squared_distance(above_[cut + 1], top));
  const double scale = folded_.bin_width * folded_.bin_width / folded_.finite_count;
  return {rounding * scale, clipping * scale, (lost + above_[cut + 1].count) / folded_.finite_count};
}

ThresholdQuality evaluate_threshold(const Histogram& histogram, double threshold) {
  const FoldedHistogram folded = fold_histogram(histogram);
  ThresholdQuality quality;
  quality.sqnr_db = std::numeric_limits<double>::infinity();
  if (folded.empty()) {
    quality.levels_used = histogram.finite_count > 0 ? 1 : 0;
    return quality;
  }
  const ErrorModel model(folded);
  const double step = threshold / folded.bin_width / kLevels;
  if (!(step > 0.0)) {
    quality.error = {0.0, model.signal_power(), (folded.finite_count - folded.zero_count) / folded.finite_count};
    quality.levels_used = 1;
  } else {
    quality.error = model.at(threshold);
    quality.levels_used = count_levels(histogram, step);
  }
  const double error = quality.error.total();
  if (error > 0.0) quality.sqnr_db = 10.0 * std::log10(model.signal_power() / error);
  return quality;
}

double mse_threshold(const FoldedHistogram& folded) {
  if (folded.empty()) return 0.0;
  const ErrorModel model(folded);
  const std::size_t n = folded.counts.size();
  double best = 0.0;
  double best_error = std::numeric_limits<double>::infinity();
  for (std::size_t i = std::max<std::size_t>(1, (n + 15) / 16); i <= n; ++i) {
    const double threshold = i == n ? folded.amax : static_cast<double>(i) * folded.bin_width;
    const double error = model.at(threshold).total();
    if (error <= best_error) {
      best_error = error;
      best = threshold;
    }
  }
  return best;
}

}  // namespace calib
