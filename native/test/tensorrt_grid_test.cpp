#include "../core/tensorrt_grid.h"

#include <gtest/gtest.h>

#include <thread>

#include "../core/error.h"
#include "reference.h"

namespace calib::test {

namespace {

/**
 * The counts according to the rule of TensorRT's calibrator, one batch at a time (see tensorrt_grid.h for values on an
 * edge).
 */
std::vector<std::uint64_t> slow_grid(const std::vector<std::vector<float>>& batches) {
  const auto amax_of = [](const std::vector<float>& values) {
    float amax = 0.0F;
    for (const float value : values) amax = std::isfinite(value) ? std::max(amax, std::fabs(value)) : amax;
    return amax;
  };
  float range = amax_of(batches.front());
  std::vector<std::uint64_t> counts(kGridBins);
  for (const std::vector<float>& batch : batches) {
    while (amax_of(batch) > range) {
      range *= 2.0F;
      for (std::size_t i = 0; i < kGridBins / 2; ++i) counts[i] = counts[2 * i] + counts[2 * i + 1];
      std::fill(counts.begin() + kGridBins / 2, counts.end(), 0);
    }
    for (const float value : batch) {
      if (std::isfinite(value))
        ++counts[static_cast<std::size_t>(std::min(2047.0F, std::floor(std::fabs(value) * 2048.0F / range)))];
    }
  }
  return counts;
}

float first_amax(const std::vector<float>& values) {
  float amax = 0.0F;
  for (const float value : values) amax = std::max(amax, std::fabs(value));
  return amax;
}

}  // namespace

TEST(TensorrtGrid, CountsAsTheRuleSays) {
  for (int kind = 0; kind < 4; ++kind) {
    std::vector<std::vector<float>> batches;
    for (std::uint32_t batch = 0; batch < 4; ++batch) {
      batches.push_back(sample_values(5000, kind, batch));
      for (float& value : batches.back()) value *= std::ldexp(1.0F, static_cast<int>(batch));
    }
    TensorrtGrid grid(first_amax(batches.front()));
    for (const std::vector<float>& batch : batches) grid.add(batch.data(), batch.size());
    EXPECT_EQ(grid.counts, slow_grid(batches)) << "kind " << kind;
  }
}

TEST(TensorrtGrid, ThreadsMergeToTheSameRecordInAnyOrder) {
  const std::vector<float> values = sample_values(30000, 3, 1);
  TensorrtGrid whole(1.5F);
  whole.add(values.data(), values.size());
  std::vector<TensorrtGrid> parts(3, TensorrtGrid(1.5F));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < parts.size(); ++i)
    threads.emplace_back([&, i] { parts[i].add(values.data() + 10000 * i, 10000); });
  for (std::thread& thread : threads) thread.join();
  TensorrtGrid merged(1.5F);
  for (const std::size_t i : {2U, 0U, 1U}) merged.merge(parts[i]);
  EXPECT_EQ(encode_grid(merged), encode_grid(whole));
}

TEST(TensorrtGrid, TakesEveryFloat) {
  const std::vector<float> values = sample_values(20000, 5, 2);
  for (const float first : {0.0F, 1e-45F, 1.0F, 3.4e38F}) {
    TensorrtGrid grid(first);
    EXPECT_EQ(grid.add(values.data(), values.size()), 3e38F);
    std::uint64_t finite = 0;
    for (const std::uint64_t count : grid.counts) finite += count;
    EXPECT_EQ(finite + grid.non_finite_count, values.size());
  }
}

TEST(TensorrtGrid, RefusesDamagedRecords) {
  TensorrtGrid grid(1.0F);
  const std::vector<float> values = sample_values(1000, 0, 4);
  grid.add(values.data(), values.size());
  const std::vector<std::uint8_t> record = encode_grid(grid);
  EXPECT_EQ(encode_grid(decode_grid(record.data(), record.size())), record);
  EXPECT_THROW(decode_grid(record.data(), record.size() - 1), Error);
  std::mt19937 random(1);
  for (int trial = 0; trial < 5000; ++trial) {
    std::vector<std::uint8_t> damaged = record;
    damaged[random() % 21] = static_cast<std::uint8_t>(random());
    try {
      TensorrtGrid decoded = decode_grid(damaged.data(), damaged.size());
      decoded.add(values.data(), values.size());
    } catch (const Error& error) {
      EXPECT_STREQ(error.code(), kRecordInvalid);
    }
  }
}

}  // namespace calib::test
