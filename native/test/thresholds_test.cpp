#include "../core/thresholds.h"

#include <gtest/gtest.h>

#include "../core/entropy_search.h"
#include "../core/quantization_error.h"
#include "reference.h"

namespace calib::test {

TEST(Thresholds, LieWithinTheRangeOfEveryHistogram) {
  for (int kind = 0; kind < kKinds; ++kind) {
    for (const std::size_t count : {0U, 1U, 50U, 20000U}) {
      const Histogram histogram = slow_histogram(sample_values(count, kind, 8));
      const FoldedHistogram folded = fold_histogram(histogram);
      const Thresholds thresholds = thresholds_of(folded, {0.001, 99.99, 100.0});
      EXPECT_EQ(thresholds.minmax, static_cast<double>(histogram.amax()));
      for (const double threshold :
           {thresholds.entropy, thresholds.mse, thresholds.percentiles.at(0), thresholds.percentiles.at(2)}) {
        EXPECT_GE(threshold, 0.0);
        EXPECT_LE(threshold, thresholds.minmax);
      }
    }
  }
}

TEST(Thresholds, ErrorIsThatOfTheValuesThemselves) {
  const std::vector<float> values = sample_values(20000, 0, 6);
  const Histogram histogram = slow_histogram(values);
  for (const double threshold : {0.5, 2.0, 4.0}) {
    const double step = threshold / kLevels;
    double error = 0.0;
    for (const float value : values) {
      const double level = std::clamp(std::nearbyint(static_cast<double>(value) / step), -127.0, 127.0);
      error += std::pow(static_cast<double>(value) - level * step, 2);
    }
    error /= static_cast<double>(values.size());
    EXPECT_NEAR(evaluate_threshold(histogram, threshold).error.total(), error, 0.03 * error)
        << "threshold " << threshold;
  }
}

TEST(Thresholds, MseHasTheSmallestErrorOfAllEdges) {
  const Histogram histogram = slow_histogram(sample_values(20000, 3, 6));
  const double best = mse_threshold(fold_histogram(histogram));
  const double smallest = evaluate_threshold(histogram, best).error.total();
  for (double threshold = histogram.amax(); threshold > histogram.amax() / 16; threshold *= 0.97) {
    EXPECT_GE(evaluate_threshold(histogram, threshold).error.total(), smallest * (1 - 1e-6));
  }
}

}  // namespace calib::test
