#include "tensorrt_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

#include "error.h"
#include "float_bits.h"

namespace calib {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPrefixBytes = 1 + 4 + 4 + 4 + 8;
constexpr std::size_t kRecordBytes = kPrefixBytes + kGridBins * 8;
constexpr float kLargest = std::numeric_limits<float>::max();
/** Largest number of doublings that a range can need: 2^-149 * 2^277 = 2^128. */
constexpr std::uint32_t kMaxDoublings = 277;
/** Limit up to which a count is exact as a JavaScript number (a double). */
constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << 53) - 1;

bool is_finite(float value) {
  return std::fabs(value) <= kLargest;
}

constexpr std::size_t kChunk = 1024;
/** Banks of counters, so that runs of equal bins (the zeros of a Relu) do not wait for each other's store. */
constexpr std::size_t kBanks = 4;
/** 2047.0F */
constexpr std::int32_t kLastBinBits = 0x44ffe000;

struct Scan {
  float largest = 0.0F;
  std::uint64_t non_finite = 0;
};

/**
 * Finds the largest finite |x| and counts the values that are not finite. Bits of positive floats have the order of the
 * floats.
 */
Scan scan(const float* values, std::size_t count) {
  Scan found;
  std::int32_t largest = 0;
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t end = std::min(count, begin + kChunk);
    std::int32_t non_finite = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const std::int32_t bits = static_cast<std::int32_t>(bits_of(values[i]) & ~kSignBit);
      const std::int32_t is_finite = bits < static_cast<std::int32_t>(kInfinityBits) ? 1 : 0;
      non_finite += 1 - is_finite;
      largest = std::max(largest, bits & -is_finite);
    }
    found.non_finite += static_cast<std::uint64_t>(non_finite);
  }
  found.largest = float_of(static_cast<std::uint32_t>(largest));
  return found;
}

/**
 * Computes the bins of `count` finite values, at most kChunk. A value on an edge at or above bin `lowest_edge` belongs
 * to the bin below that edge.
 */
void bins_of(const float* values, std::size_t count, float range, std::int32_t lowest_edge, std::int32_t* bins) {
  for (std::size_t i = 0; i < count; ++i) {
    // The same float32 as |x| * 2048 / range, but without overflow, because 2048 is a power of two.
    const float quotient = std::fabs(values[i]) / range * static_cast<float>(kGridBins);
    // Bits are compared, which have the order of positive floats, and && is avoided, so that the compiler vectorises
    // the loop.
    const std::int32_t bits = std::min(static_cast<std::int32_t>(bits_of(quotient)), kLastBinBits);
    const std::int32_t bin = static_cast<std::int32_t>(float_of(static_cast<std::uint32_t>(bits)));
    const std::int32_t is_whole = static_cast<std::int32_t>(bits_of(static_cast<float>(bin))) == bits ? 1 : 0;
    const std::int32_t is_power = (bin & (bin - 1)) == 0 ? 1 : 0;
    const std::int32_t is_high = bin >= lowest_edge ? 1 : 0;
    bins[i] = bin - (is_whole & is_power & is_high);
  }
}

void put(std::vector<std::uint8_t>& bytes, std::uint64_t value, int width) {
  for (int shift = 0; shift < 8 * width; shift += 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t take(const std::uint8_t*& at, int width) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 8 * width; shift += 8) value |= static_cast<std::uint64_t>(*at++) << shift;
  return value;
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(kRecordInvalid, "Expected a record of TensorRT's grid, but it " + what);
}

}  // namespace

TensorrtGrid::TensorrtGrid(float first_amax)
    : first_range(first_amax > 0.0F && first_amax <= kLargest ? first_amax : kGridFallbackRange), counts(kGridBins) {}

float TensorrtGrid::range() const {
  return std::ldexp(first_range, static_cast<int>(doublings));
}

void TensorrtGrid::double_range() {
  ++doublings;
  for (std::size_t i = 0; i < kGridBins / 2; ++i) counts[i] = counts[2 * i] + counts[2 * i + 1];
  std::fill(counts.begin() + kGridBins / 2, counts.end(), 0);
}

void TensorrtGrid::grow_to(float magnitude) {
  // If the range cannot be doubled within float32, values beyond it are counted in the last bin.
  while (magnitude > range() && range() <= kLargest / 2.0F) double_range();
}

float TensorrtGrid::add(const float* values, std::size_t count) {
  const Scan found = scan(values, count);
  grow_to(found.largest);
  amax = std::max(amax, found.largest);
  if (found.non_finite == 0) {
    add_finite(values, count);
    return found.largest;
  }
  non_finite_count += found.non_finite;
  std::vector<float> finite;
  std::copy_if(values, values + count, std::back_inserter(finite), is_finite);
  add_finite(finite.data(), finite.size());
  return found.largest;
}

void TensorrtGrid::add_finite(const float* values, std::size_t count) {
  std::array<std::array<std::uint32_t, kGridBins>, kBanks> banks{};
  std::array<std::int32_t, kChunk> bins;
  // The range before the last k doublings ends at bin 2048 >> k. Bin 0 has no edge below it, and without doublings no
  // other bin has one.
  const std::int32_t lowest_edge = std::max(1, doublings < 12 ? static_cast<std::int32_t>(kGridBins) >> doublings : 1);
  const float top = range();
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t length = std::min(kChunk, count - begin);
    bins_of(values + begin, length, top, lowest_edge, bins.data());
    for (std::size_t i = 0; i < length; ++i) ++banks[i % kBanks][static_cast<std::size_t>(bins[i])];
  }
  for (const auto& bank : banks) {
    for (std::size_t bin = 0; bin < kGridBins; ++bin) counts[bin] += bank[bin];
  }
}

void TensorrtGrid::merge(const TensorrtGrid& other) {
  if (bits_of(first_range) != bits_of(other.first_range)) {
    throw Error(kRecordInvalid, "Expected grids that began with the same range, found " + std::to_string(first_range) +
                                    " and " + std::to_string(other.first_range));
  }
  while (doublings < other.doublings) double_range();
  TensorrtGrid raised = other;
  while (raised.doublings < doublings) raised.double_range();
  for (std::size_t i = 0; i < kGridBins; ++i) counts[i] += raised.counts[i];
  amax = std::max(amax, other.amax);
  non_finite_count += other.non_finite_count;
}

void TensorrtGrid::clear() {
  *this = TensorrtGrid(first_range);
}

std::vector<std::uint8_t> encode_grid(const TensorrtGrid& grid) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(kRecordBytes);
  put(bytes, kVersion, 1);
  put(bytes, bits_of(grid.first_range), 4);
  put(bytes, grid.doublings, 4);
  put(bytes, bits_of(grid.amax), 4);
  put(bytes, grid.non_finite_count, 8);
  for (const std::uint64_t count : grid.counts) put(bytes, count, 8);
  return bytes;
}

TensorrtGrid decode_grid(const std::uint8_t* bytes, std::size_t size) {
  if (size != kRecordBytes) fail("has " + std::to_string(size) + " bytes and not " + std::to_string(kRecordBytes));
  const std::uint8_t* at = bytes;
  if (take(at, 1) != kVersion) fail("has another version");
  const float first_range = float_of(static_cast<std::uint32_t>(take(at, 4)));
  if (!(first_range > 0.0F) || !is_finite(first_range)) fail("has a first range that is no positive number");
  TensorrtGrid grid(first_range);
  grid.doublings = static_cast<std::uint32_t>(take(at, 4));
  if (grid.doublings > kMaxDoublings || !is_finite(grid.range())) fail("has a range beyond float32");
  grid.amax = float_of(static_cast<std::uint32_t>(take(at, 4)));
  if (!(grid.amax >= 0.0F) || !is_finite(grid.amax)) fail("has a maximum that is no number");
  grid.non_finite_count = take(at, 8);
  for (std::uint64_t& count : grid.counts) {
    count = take(at, 8);
    if (count > kMaxCount) fail("has a count beyond 2^53");
  }
  return grid;
}

}  // namespace calib
