#pragma once

#include <vector>

#include "folded_histogram.h"
#include "histogram.h"

namespace calib {

/** Largest quantized magnitude of symmetric INT8 with zero point 0. */
inline constexpr int kLevels = 127;

/** Mean squared errors in real units squared, over all finite values, zeros included. */
struct QuantizationError {
  double rounding_mse = 0.0;
  double clipping_mse = 0.0;
  /** Share of the finite values that lie above the threshold. */
  double clipped_fraction = 0.0;
  double total() const { return rounding_mse + clipping_mse; }
};

/**
 * Error of any threshold T from sums over bins, about 130 steps each. Values spread evenly inside a bin. With s =
 * T/127: bins at least half of s wide take the rounding error s^2/12 a value, narrower ones lie as a whole on the level
 * nearest to their centre; above T the error is (|x| - T)^2; the bin that T cuts is split. Twin of
 * src-shared/domain/histograms/quantization-error.ts: same operations in the same order, hence the same bits.
 */
class ErrorModel {
 public:
  explicit ErrorModel(const FoldedHistogram& folded);
  /** `threshold` > 0 even in units of the step; the histogram is not empty. */
  QuantizationError at(double threshold) const;
  /** Mean of x^2. */
  double signal_power() const { return signal_power_; }

 private:
  /** Sums of count, count * E[x] and count * E[x^2] over bins, in units of the bin width. */
  struct Moments {
    double count = 0.0;
    double first = 0.0;
    double second = 0.0;
  };
  static double squared_distance(const Moments& sum, double point);
  static Moments uniform(double count, double low, double high);
  double rounding_of_whole_bins(std::size_t end, double step) const;

  const FoldedHistogram& folded_;
  /** below_[i]: bins before i; above_[i]: bins from i on (summed from the top, so that a thin tail keeps its digits).
   */
  std::vector<Moments> below_;
  std::vector<Moments> above_;
  double signal_power_ = 0.0;
};

struct ThresholdQuality {
  QuantizationError error;
  /** 10 log10(mean x^2 / mean squared error); +infinity without an error. */
  double sqnr_db = 0.0;
  /** Distinct quantized values that occur, at most 255. */
  int levels_used = 0;
};

/** `threshold` finite and >= 0; 0 clips everything. */
ThresholdQuality evaluate_threshold(const Histogram& histogram, double threshold);

/**
 * Threshold of the smallest mean squared error among the upper edges of bins n/16 .. n, capped at amax; of equals the
 * largest. 0 for an empty histogram.
 */
double mse_threshold(const FoldedHistogram& folded);

}  // namespace calib
