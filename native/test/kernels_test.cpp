#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "../core/accumulator.h"
#include "../core/channel_maxima.h"
#include "../core/histogram_codec.h"
#include "../core/tensor_counts.h"
#include "reference.h"

namespace calib::test {

// Every kernel that this processor supports, so that a test fails on it if one of them differs.

TEST(Kernels, ArePortableOnesAndThoseOfTheProcessor) {
  const auto kernels = supported_kernels();
  EXPECT_STREQ(kernels.front()->name, "portable");
  EXPECT_EQ(kernels.back(), &chunk_kernels());
#if defined(__aarch64__)
  EXPECT_STREQ(kernels.back()->name, "neon");
#endif
}

TEST(Kernels, CountAsTheDefinitionSays) {
  for (const ChunkKernels* kernels : supported_kernels()) {
    for (int kind = 0; kind < kKinds; ++kind) {
      for (const std::size_t count : {1U, 7U, 15U, 16U, 17U, 33U, 4095U, 4096U, 4097U, 70001U}) {
        const std::vector<float> values = sample_values(count, kind, 5U * static_cast<std::uint32_t>(count) + 3U);
        Accumulator accumulator(*kernels);
        Histogram histogram;
        accumulator.add(histogram, values.data(), values.size());
        EXPECT_EQ(encode_histogram(histogram), encode_histogram(slow_histogram(values)))
            << kernels->name << ", kind " << kind << ", " << count << " values";
      }
    }
  }
}

TEST(Kernels, CountLimitedValuesAsTheDefinitionSays) {
  for (const ChunkKernels* kernels : supported_kernels()) {
    for (const float high : {std::numeric_limits<float>::infinity(), 6.0F, 0.3F}) {
      for (int kind = 0; kind < kKinds; ++kind) {
        // The first values stay below the limit.
        std::vector<float> values = sample_values(9001, kind, 11);
        for (std::size_t i = 0; i < values.size() / 2; ++i) values[i] *= 1e-3F;
        std::vector<float> limited = values;
        for (float& value : limited) value = value < 0.0F ? 0.0F : value > high ? high : value;
        Accumulator accumulator(*kernels);
        ClampedHistogram pair;
        pair.high = high;
        accumulator.add(pair, values.data(), values.size());
        EXPECT_EQ(encode_histogram(pair.source()), encode_histogram(slow_histogram(values)))
            << kernels->name << ", kind " << kind << ", limit " << high;
        EXPECT_EQ(encode_histogram(pair.clamped()), encode_histogram(slow_histogram(limited)))
            << kernels->name << ", kind " << kind << ", limit " << high;
      }
    }
  }
}

TEST(Kernels, KeepCountersFromOverflow) {
  // More chunks of one value than a 16-bit counter could hold.
  const std::vector<float> values(300 * 4096 + 5, -0.75F);
  for (const ChunkKernels* kernels : supported_kernels()) {
    Accumulator accumulator(*kernels);
    Histogram histogram;
    accumulator.add(histogram, values.data(), values.size());
    EXPECT_EQ(histogram.negative[3 * kBinCount / 4], values.size()) << kernels->name;
  }
}

TEST(Kernels, FindTheLargestFiniteMagnitude) {
  for (const ChunkKernels* kernels : supported_kernels()) {
    for (int kind = 0; kind < kKinds; ++kind) {
      for (const std::size_t count : {0U, 1U, 15U, 100U}) {
        const std::vector<float> values = sample_values(count, kind, static_cast<std::uint32_t>(count) + 1U);
        float expected = 0.0F;
        std::vector<float> each(count, 0.5F);
        std::vector<float> expected_each = each;
        for (std::size_t i = 0; i < count; ++i) {
          if (!std::isfinite(values[i])) continue;
          expected = std::max(expected, std::fabs(values[i]));
          expected_each[i] = std::max(expected_each[i], std::fabs(values[i]));
        }
        EXPECT_EQ(kernels->largest_finite(values.data(), count), expected) << kernels->name << ", kind " << kind;
        kernels->raise_each(values.data(), count, each.data());
        EXPECT_EQ(each, expected_each) << kernels->name << ", kind " << kind;
      }
    }
  }
}

TEST(TensorCounts, CountsPiecesOfABatchAndWholeTensors) {
  const std::vector<float> values = sample_values(60, 0, 2);
  TensorCounts counts({1, ChannelMaxima::kNone});
  counts.begin({{1, 0}, 3, {1, 0}});
  counts.add(0, {values.data(), {3, 4, 5}});
  counts.add(1, {values.data(), {60}});
  const ImageCounts found = counts.take();
  EXPECT_EQ(found.amax.size(), 4U);
  EXPECT_EQ(counts.histogram(1, 0).element_count(), 20U);
  EXPECT_EQ(counts.histogram(0, 0).element_count(), 20U);
  EXPECT_EQ(counts.histogram(1, 1).element_count(), 60U);
  const std::vector<float> first(values.begin(), values.begin() + 20);
  EXPECT_EQ(encode_histogram(counts.histogram(1, 0)), encode_histogram(slow_histogram(first)));
  EXPECT_EQ(counts.channels(0).values().size(), 4U);
  EXPECT_TRUE(counts.channels(1).values().empty());
  EXPECT_ANY_THROW(counts.add(0, {values.data(), {59}}));
}

/** The values of a tensor [images, channels, inner] in groups of channels, filled up with NaN. */
std::vector<float> in_blocks(const std::vector<float>& values, const std::vector<std::int64_t>& dims,
                             std::size_t block) {
  const BlockedShape shape(dims, block);
  std::vector<float> blocked(shape.images * shape.groups() * shape.group_size(), std::nanf(""));
  std::size_t at = 0;
  for (std::size_t row = 0; row < shape.images * shape.channels; ++row) {
    const std::size_t channel = row % shape.channels;
    const std::size_t group = row / shape.channels * shape.groups() + channel / block;
    for (std::size_t i = 0; i < shape.inner; ++i)
      blocked[group * shape.group_size() + i * block + channel % block] = values[at++];
  }
  return blocked;
}

TEST(TensorCounts, CountsGroupsOfChannelsLikeRows) {
  for (const std::int64_t channels : {1, 8, 12, 16, 40}) {
    for (const std::int64_t axis : {std::int64_t{1}, std::int64_t{-2}, std::int64_t{2}, ChannelMaxima::kNone}) {
      for (const std::size_t slots : {1U, 2U}) {
        const std::vector<std::int64_t> dims = {2, channels, 333};
        const std::vector<float> values = sample_values(static_cast<std::size_t>(2 * channels * 333), 5, 9);
        TensorCounts rows({axis});
        TensorCounts groups({axis});
        const std::vector<float> blocked = in_blocks(values, dims, 8);
        CountRequest request{{0}, slots, {slots > 1 ? std::uint8_t{1} : std::uint8_t{0}}};
        if (slots > 1) request.groups.push_back(1);
        rows.begin(request);
        groups.begin(request);
        rows.add(0, {values.data(), dims});
        groups.add(0, {blocked.data(), dims, 8});
        for (const std::size_t group : request.groups)
          EXPECT_EQ(encode_histogram(rows.histogram(group, 0)), encode_histogram(groups.histogram(group, 0)));
        EXPECT_EQ(rows.take().amax, groups.take().amax);
        EXPECT_EQ(rows.channels(0).values(), groups.channels(0).values());
        EXPECT_EQ(0, std::memcmp(row_major({blocked.data(), dims, 8}).data(), values.data(), 4 * values.size()));
      }
    }
  }
}

TEST(TensorCounts, DerivesLimitedAndJoinedTensors) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float high : {kInfinity, 6.0F, 0.3F, 1e-20F, 1e30F}) {
    for (int kind = 0; kind < kKinds; ++kind) {
      constexpr std::int64_t kNone = ChannelMaxima::kNone;
      TensorCounts derived({kNone, kNone, kNone}, {{1, {0}, high}, {2, {1, 0}}});
      TensorCounts visited({kNone, kNone, kNone});
      for (std::uint32_t image = 0; image < 3; ++image) {
        std::vector<float> values = sample_values(9001, kind, image + 1);
        if (image == 1)
          for (float& value : values) value *= 37.0F;
        std::vector<float> limited = values;
        for (float& value : limited) value = value < 0.0F ? 0.0F : value > high ? high : value;
        std::vector<float> joined = limited;
        joined.insert(joined.end(), values.begin(), values.end());
        const std::vector<std::int64_t> dims = {static_cast<std::int64_t>(values.size())};
        for (TensorCounts* counts : {&derived, &visited}) {
          counts->begin({{0}, 1, {0, 0, 0}});
          counts->add(0, {values.data(), dims});
        }
        visited.add(1, {limited.data(), dims});
        visited.add(2, {joined.data(), {2 * dims[0]}});
        const ImageCounts found = derived.take();
        const ImageCounts expected = visited.take();
        EXPECT_EQ(found.amax, expected.amax) << high << ", kind " << kind;
        EXPECT_EQ(found.non_finite, expected.non_finite) << high << ", kind " << kind;
      }
      for (const std::size_t tensor : {0U, 1U, 2U})
        EXPECT_EQ(encode_histogram(derived.histogram(0, tensor)), encode_histogram(visited.histogram(0, tensor)))
            << "tensor " << tensor << ", " << high << ", kind " << kind;
    }
  }
}

TEST(Fingerprint, TellsValuesApartAndNotNans) {
  std::vector<float> values = sample_values(30, 0, 4);
  const Fingerprint before = fingerprint_of(values.data(), values.size(), 3);
  values[25] = -values[25];
  const Fingerprint last = fingerprint_of(values.data(), values.size(), 3);
  EXPECT_EQ(before.head, last.head);
  EXPECT_NE(before.whole, last.whole);
  values[25] = -values[25];
  values[19] += 1.0F;
  EXPECT_NE(fingerprint_of(values.data(), values.size(), 3).head, before.head);
  const float nans[2] = {std::nanf("1"), -std::nanf("2")};
  EXPECT_EQ(fingerprint_of(nans, 1, 1).whole, fingerprint_of(nans + 1, 1, 1).whole);
  const float zeros[2] = {0.0F, -0.0F};
  EXPECT_NE(fingerprint_of(zeros, 1, 1).whole, fingerprint_of(zeros + 1, 1, 1).whole);
}

}  // namespace calib::test
