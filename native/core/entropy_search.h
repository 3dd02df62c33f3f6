#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "folded_histogram.h"

namespace calib {

/**
 * The search of TensorRT's entropy calibrator over 2048 equal bins: candidates keep i = 128 .. 2048 bins and 128
 * levels; the LAST candidate whose Kullback-Leibler divergence (natural log) lies within kEntropyTie of the smallest
 * wins, so that the last bits of a sum do not decide between equals.
 * Twin of src-shared/domain/histograms/entropy-search.ts: same
 * operations in the same order, only the logarithm may differ in its last bit.
 */
inline constexpr std::size_t kEntropyBins = 2048;
inline constexpr std::size_t kEntropyLevels = 128;
/** Absolute, in nats: 1000 times the rounding error of the sums, and far below any difference that matters. */
inline constexpr double kEntropyTie = 1e-12;

struct EntropySearch {
  /** How many bins are kept, 128 .. 2048. */
  std::size_t index = 0;
  /** Divergence of candidate i at [i - 128]; +infinity where a kept bin that must take the clipped values is empty. */
  std::vector<double> divergences;
};

/** 2048 equal bins over [0, amax]; a bin that straddles several is split in proportion. Zeros go to the first bin. */
std::vector<double> entropy_bins(const FoldedHistogram& folded);

/** `bins`: kEntropyBins counts; the first is replaced by the second. Nothing when the sum is then 0. */
std::optional<EntropySearch> search_entropy(std::vector<double> bins);

}  // namespace calib
