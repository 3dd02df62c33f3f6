#include <gtest/gtest.h>

#include <thread>

#include "../core/accumulator.h"
#include "../core/error.h"
#include "../core/histogram_codec.h"
#include "reference.h"

namespace calib::test {

namespace {

using Bytes = std::vector<std::uint8_t>;

Histogram counted(const std::vector<float>& values, std::size_t piece) {
  Accumulator accumulator;
  Histogram histogram;
  for (std::size_t start = 0; start < values.size(); start += piece) {
    accumulator.add(histogram, values.data() + start, std::min(piece, values.size() - start));
  }
  return histogram;
}

}  // namespace

TEST(Histogram, CountsAsItsDefinitionSays) {
  for (int kind = 0; kind < kKinds; ++kind) {
    for (const std::size_t count : {0U, 1U, 3U, 4095U, 4096U, 4097U, 70000U}) {
      const std::vector<float> values = sample_values(count, kind, 7U * static_cast<std::uint32_t>(count) + 1U);
      EXPECT_EQ(encode_histogram(counted(values, values.size() + 1)), encode_histogram(slow_histogram(values)))
          << "kind " << kind << ", " << count << " values";
    }
  }
}

TEST(Histogram, DoesNotDependOnPiecesOrderOrShards) {
  for (int kind = 0; kind < kKinds; ++kind) {
    std::vector<float> values = sample_values(50000, kind, 11);
    const Bytes expected = encode_histogram(slow_histogram(values));
    for (const std::size_t piece : {1U, 17U, 4096U, 30000U})
      EXPECT_EQ(encode_histogram(counted(values, piece)), expected) << "pieces of " << piece;
    std::mt19937 random(3);
    std::shuffle(values.begin(), values.end(), random);
    Histogram merged;
    for (std::size_t start = 0; start < values.size(); start += 12345) {
      const std::size_t end = std::min(values.size(), start + 12345);
      merged.merge(counted(
          {values.begin() + static_cast<std::ptrdiff_t>(start), values.begin() + static_cast<std::ptrdiff_t>(end)},
          999));
    }
    EXPECT_EQ(encode_histogram(merged), expected) << "kind " << kind << ", merged in another order";
  }
}

TEST(Histogram, ReturnsTheLargestFiniteMagnitude) {
  Accumulator accumulator;
  Histogram histogram;
  const std::vector<float> values = {1.0F, -5.5F, std::numeric_limits<float>::infinity(), std::nanf(""), 2.0F};
  EXPECT_EQ(accumulator.add(histogram, values.data(), values.size()).amax, 5.5F);
  EXPECT_EQ(accumulator.add(histogram, values.data() + 2, 2).amax, 0.0F);
  EXPECT_EQ(histogram.non_finite_count(), 4U);
}

TEST(Histogram, SixteenBitBanksDoNotOverflow) {
  // A few million values in one bin exceed the limit 65,535 of a bank's counter.
  const std::vector<float> values(3000000, 0.75F);
  const Histogram histogram = counted(values, values.size());
  EXPECT_EQ(histogram.positive[3072], values.size());
  EXPECT_EQ(histogram.element_count(), values.size());
}

TEST(Histogram, ThreadsWithAHistogramEachCountAsOne) {
  constexpr std::size_t kThreads = 4;
  std::vector<float> all;
  std::vector<std::vector<float>> parts;
  for (std::size_t i = 0; i < kThreads; ++i) {
    parts.push_back(sample_values(40000, static_cast<int>(i), static_cast<std::uint32_t>(i)));
    all.insert(all.end(), parts[i].begin(), parts[i].end());
  }
  std::vector<Histogram> histograms(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { histograms[i] = counted(parts[i], 5000); });
  for (std::thread& thread : threads) thread.join();
  Histogram merged;
  for (const Histogram& histogram : histograms) merged.merge(histogram);
  EXPECT_EQ(encode_histogram(merged), encode_histogram(slow_histogram(all)));
}

TEST(HistogramCodec, ReadsWhatItWrites) {
  for (int kind = 0; kind < kKinds; ++kind) {
    const Bytes record = encode_histogram(slow_histogram(sample_values(3000, kind, 5)));
    EXPECT_EQ(encode_histogram(decode_histogram(record.data(), record.size())), record);
  }
}

TEST(HistogramCodec, RefusesEveryTruncation) {
  const Bytes record = encode_histogram(slow_histogram(sample_values(300, 0, 5)));
  for (std::size_t size = 0; size < record.size(); ++size) {
    // A copy of exactly this size, so that the sanitizer detects a read beyond its end.
    const Bytes part(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(decode_histogram(part.data(), part.size()), Error) << size << " bytes";
  }
}

TEST(HistogramCodec, AcceptsCanonicalRecordsOnly) {
  std::mt19937 random(9);
  int accepted = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    Bytes record = encode_histogram(slow_histogram(sample_values(60, trial % kKinds, 5)));
    for (unsigned change = 0; change <= random() % 3; ++change)
      record[random() % record.size()] = static_cast<std::uint8_t>(random());
    try {
      EXPECT_EQ(encode_histogram(decode_histogram(record.data(), record.size())), record);
      ++accepted;
    } catch (const Error& error) {
      EXPECT_STREQ(error.code(), kRecordInvalid);
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 5000);
}

}  // namespace calib::test
