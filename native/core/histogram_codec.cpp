#include "histogram_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "error.h"
#include "float_bits.h"

namespace calib {

namespace {

constexpr std::uint8_t kVersion = 1;
/** Limit up to which a count is exact as a JavaScript number (a double). */
constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << 53) - 1;

[[noreturn]] void fail(const std::string& what) {
  throw Error(kRecordInvalid, "Expected a histogram record, but it " + what);
}

class Writer {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(value); }

  void float32(float value) {
    const std::uint32_t bits = bits_of(value);
    for (int shift = 0; shift < 32; shift += 8) byte(static_cast<std::uint8_t>(bits >> shift));
  }

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }

  /** Writes the number of runs of non-empty bins, then for each run: empty bins before it, its length, its counts. */
  void side(const std::vector<std::uint64_t>& bins) {
    const std::vector<Run> runs = runs_of(bins);
    varint(runs.size());
    std::size_t at = 0;
    for (const Run& run : runs) {
      varint(run.start - at);
      varint(run.end - run.start);
      for (at = run.start; at < run.end; ++at) varint(bins[at]);
    }
  }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  struct Run {
    std::size_t start;
    std::size_t end;
  };

  static std::vector<Run> runs_of(const std::vector<std::uint64_t>& bins) {
    std::vector<Run> runs;
    std::size_t at = 0;
    while (at < bins.size()) {
      if (bins[at] == 0) {
        ++at;
        continue;
      }
      const std::size_t start = at;
      while (at < bins.size() && bins[at] != 0) ++at;
      runs.push_back({start, at});
    }
    return runs;
  }

  std::vector<std::uint8_t> bytes_;
};

class Reader {
 public:
  Reader(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), size_(size) {}

  std::uint8_t byte() {
    if (at_ == size_) fail("ends after " + std::to_string(size_) + " bytes");
    return bytes_[at_++];
  }

  float float32() {
    std::uint32_t bits = 0;
    for (int shift = 0; shift < 32; shift += 8) bits |= static_cast<std::uint32_t>(byte()) << shift;
    if ((bits & ~kSignBit) >= kInfinityBits || bits == kSignBit) fail("has a range that is not a finite number");
    return float_of(bits);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 56; shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) {
        if (next == 0 && shift > 0) fail("has a number with leading zeros");
        if (value > kMaxCount) break;
        return value;
      }
    }
    fail("has a number above 2^53");
  }

  /** Reads one side and returns the sum of its counts. */
  std::uint64_t side(std::vector<std::uint64_t>& bins) {
    const std::uint64_t run_count = varint();
    if (run_count == 0) return 0;
    bins.resize(kBinCount);
    std::uint64_t at = 0;
    std::uint64_t sum = 0;
    for (std::uint64_t run = 0; run < run_count; ++run) {
      const std::uint64_t gap = varint();
      const std::uint64_t length = varint();
      if ((run > 0 && gap == 0) || length == 0) fail("has an empty run");
      if (gap > kBinCount || length > kBinCount || at + gap + length > kBinCount) fail("has more than 4096 bins");
      at += gap;
      for (const std::uint64_t end = at + length; at < end; ++at) {
        const std::uint64_t count = varint();
        if (count == 0) fail("has an empty bin inside a run");
        bins[at] = count;
        sum += count;
        if (sum > kMaxCount) fail("has more than 2^53 values");
      }
    }
    return sum;
  }

  bool at_end() const { return at_ == size_; }

 private:
  const std::uint8_t* bytes_;
  std::size_t size_;
  std::size_t at_ = 0;
};

/** Number of bins up to and including the last non-empty one. */
int used_bins(const std::vector<std::uint64_t>& bins) {
  const auto last = std::find_if(bins.rbegin(), bins.rend(), [](std::uint64_t count) { return count != 0; });
  return static_cast<int>(bins.rend() - last);
}

bool side_fits(const std::vector<std::uint64_t>& bins, float largest_magnitude, int exponent) {
  return largest_magnitude > 0.0F ? used_bins(bins) == bin_of(largest_magnitude, exponent) + 1 : bins.empty();
}

void check_range(const Histogram& histogram) {
  const float highest = std::max(histogram.max, 0.0F);
  const float lowest = std::max(-histogram.min, 0.0F);
  const bool has_range = histogram.finite_count > 0 || (bits_of(histogram.min) == 0 && bits_of(histogram.max) == 0);
  if (!has_range || histogram.min > histogram.max || histogram.exponent != exponent_for(histogram.amax()) ||
      !side_fits(histogram.positive, highest, histogram.exponent) ||
      !side_fits(histogram.negative, lowest, histogram.exponent)) {
    fail("has bins that do not fit its range");
  }
}

}  // namespace

std::vector<std::uint8_t> encode_histogram(const Histogram& histogram) {
  Writer writer;
  writer.byte(kVersion);
  writer.byte(static_cast<std::uint8_t>(static_cast<std::int8_t>(histogram.exponent)));
  writer.float32(histogram.min);
  writer.float32(histogram.max);
  writer.varint(histogram.zero_count);
  writer.varint(histogram.nan_count);
  writer.varint(histogram.infinity_count);
  writer.side(histogram.positive);
  writer.side(histogram.negative);
  return writer.take();
}

Histogram decode_histogram(const std::uint8_t* bytes, std::size_t size) {
  Reader reader(bytes, size);
  const std::uint8_t version = reader.byte();
  if (version != kVersion) fail("has version " + std::to_string(version) + " and not " + std::to_string(kVersion));
  Histogram histogram;
  histogram.exponent = static_cast<std::int8_t>(reader.byte());
  histogram.min = reader.float32();
  histogram.max = reader.float32();
  histogram.zero_count = reader.varint();
  histogram.nan_count = reader.varint();
  histogram.infinity_count = reader.varint();
  histogram.finite_count = histogram.zero_count;
  histogram.finite_count += reader.side(histogram.positive);
  histogram.finite_count += reader.side(histogram.negative);
  if (!reader.at_end()) fail("goes on after its end");
  check_range(histogram);
  return histogram;
}

}  // namespace calib
