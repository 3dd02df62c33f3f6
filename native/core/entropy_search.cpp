#include "entropy_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace calib {

namespace {

double x_log_x(double x) {
  return x > 0.0 ? x * std::log(x) : 0.0;
}

/**
 * Levels hold L or L + 1 bins when 128 L <= i < 128 (L + 1). A level's share of the divergence, s ln(s / c) for sum s
 * and c non-empty bins, depends only on where it begins and how long it is, so each is computed once: about 18,000
 * logarithms instead of 246,000. Entry 2a is the level of `length` bins that begins at a, entry 2a + 1 the one of
 * length + 1.
 */
class LevelTable {
 public:
  explicit LevelTable(const std::vector<double>& bins)
      : bins_(bins), sums_(bins.size()), filled_(bins.size()), terms_(2 * bins.size()) {
    extend();
    advance();
  }

  /** Goes on to levels one bin longer. */
  void advance() {
    for (std::size_t a = 0; a < bins_.size(); ++a) terms_[2 * a] = terms_[2 * a + 1];
    extend();
  }

  const double* terms() const { return terms_.data(); }

 private:
  void extend() {
    const std::size_t added = length_++;
    const std::size_t fitting = bins_.size() - added;
    for (std::size_t a = 0; a < fitting; ++a) {
      const double count = bins_[a + added];
      sums_[a] += count;
      filled_[a] += count > 0.0 ? 1.0 : 0.0;
    }
    // No level of this length begins at 128 * (length + 1) or above.
    const std::size_t begins = std::min(fitting, kEntropyLevels * (length_ + 1));
    for (std::size_t a = 0; a < begins; ++a)
      terms_[2 * a + 1] = sums_[a] > 0.0 ? sums_[a] * std::log(sums_[a] / filled_[a]) : 0.0;
  }

  const std::vector<double>& bins_;
  std::vector<double> sums_;
  std::vector<double> filled_;
  std::vector<double> terms_;
  std::size_t length_ = 0;
};

/** Bin at which level k begins when i bins are kept: ceil(k * i / 128). */
std::size_t level_begin(std::size_t k, std::size_t i) {
  return (k * i + kEntropyLevels - 1) / kEntropyLevels;
}

/** Sum of P ln Q over the kept bins, without the clipped values. */
double inner_cross_entropy(const double* terms, std::size_t i) {
  const std::size_t length = i / kEntropyLevels;
  double sum = 0.0;
  std::size_t begin = 0;
  for (std::size_t k = 1; k <= kEntropyLevels; ++k) {
    const std::size_t end = level_begin(k, i);
    sum += terms[2 * begin + (end - begin - length)];
    begin = end;
  }
  return sum;
}

/** ln of what one non-empty bin of the last level holds in Q. */
double last_level_log(const std::vector<double>& bins, std::size_t i) {
  double sum = 0.0;
  double filled = 0.0;
  for (std::size_t j = level_begin(kEntropyLevels - 1, i); j < i; ++j) {
    sum += bins[j];
    filled += bins[j] > 0.0 ? 1.0 : 0.0;
  }
  return std::log(sum / filled);
}

}  // namespace

std::vector<double> entropy_bins(const FoldedHistogram& folded) {
  std::vector<double> bins(kEntropyBins);
  bins[0] += folded.zero_count;
  if (folded.empty()) return bins;
  const double coarse = static_cast<double>(kEntropyBins);
  const double amax_in_bins = folded.amax / folded.bin_width;
  for (std::size_t j = 0; j < folded.counts.size(); ++j) {
    const double count = folded.counts[j];
    if (count == 0.0) continue;
    const double low = static_cast<double>(j) * coarse / amax_in_bins;
    const double high = folded.upper_edge(j) * coarse / amax_in_bins;
    const std::size_t first = std::min(kEntropyBins - 1, static_cast<std::size_t>(low));
    const std::size_t last = std::min(kEntropyBins - 1, static_cast<std::size_t>(high));
    if (first == last) {
      bins[first] += count;
      continue;
    }
    const double density = count / (high - low);
    bins[first] += density * (static_cast<double>(first + 1) - low);
    for (std::size_t b = first + 1; b < last; ++b) bins[b] += density;
    bins[last] += density * (high - static_cast<double>(last));
  }
  return bins;
}

std::optional<EntropySearch> search_entropy(std::vector<double> bins) {
  bins[0] = bins[1];
  std::vector<double> outliers(kEntropyBins + 1);
  for (std::size_t j = kEntropyBins; j-- > 0;) outliers[j] = outliers[j + 1] + bins[j];
  const double total = outliers[0];
  if (!(total > 0.0)) return std::nullopt;

  EntropySearch search;
  search.divergences.assign(kEntropyBins - kEntropyLevels + 1, std::numeric_limits<double>::infinity());
  LevelTable table(bins);
  double kept = 0.0;
  double kept_x_log_x = 0.0;
  for (std::size_t i = 1; i <= kEntropyBins; ++i) {
    const double last = bins[i - 1];
    const double clipped = outliers[i];
    kept += last;
    if (i >= kEntropyLevels) {
      if (i % kEntropyLevels == 0 && i > kEntropyLevels) table.advance();
      if (kept > 0.0 && (last > 0.0 || clipped == 0.0)) {
        double sum = kept_x_log_x + x_log_x(last + clipped) - inner_cross_entropy(table.terms(), i);
        if (clipped > 0.0) sum -= clipped * last_level_log(bins, i);
        search.divergences[i - kEntropyLevels] = sum / total + std::log(kept / total);
      }
    }
    kept_x_log_x += x_log_x(last);
  }

  const double best = *std::min_element(search.divergences.begin(), search.divergences.end());
  for (std::size_t c = 0; c < search.divergences.size(); ++c) {
    if (search.divergences[c] <= best + kEntropyTie) search.index = c + kEntropyLevels;
  }
  return search;
}

}  // namespace calib
