#include "accumulator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chunk_kernels.h"
#include "float_bits.h"

namespace calib {

namespace {

constexpr std::uint32_t positive_bits(std::int32_t largest) {
  return largest > 0 ? static_cast<std::uint32_t>(largest) : 0;
}

/** Bits of the largest |x| on each side of `target`; NaN and infinity are larger than every finite value. */
std::array<std::uint32_t, 3> side_bits(const CountTarget& target, const ChunkScan& chunk) {
  const std::uint32_t negative = chunk.largest_unsigned >= kSignBit ? chunk.largest_unsigned & ~kSignBit : 0;
  const std::uint32_t largest = positive_bits(chunk.largest_signed);
  return {positive_bits(chunk.largest_inside), negative, largest >= bits_of(target.limit) ? largest : 0};
}

bool is_finite(const ChunkScan& chunk) {
  return chunk.largest_signed < static_cast<std::int32_t>(kInfinityBits) &&
         (chunk.largest_unsigned < kSignBit || (chunk.largest_unsigned & ~kSignBit) < kInfinityBits);
}

/** Copies the finite values of a piece to `out`, counts the others, and returns the number of copied values. */
std::size_t keep_finite(const CountTarget& target, const float* values, std::size_t count, float* out) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(values[i]);
    const std::uint32_t magnitude = bits & ~kSignBit;
    if (magnitude < kInfinityBits) {
      out[kept++] = values[i];
    } else if (magnitude == kInfinityBits) {
      ++target.statistics->infinity_count;
      if (target.positive_infinities != nullptr && bits == magnitude) ++*target.positive_infinities;
    } else {
      ++target.statistics->nan_count;
    }
  }
  return kept;
}

}  // namespace

CountTarget::CountTarget(Histogram& histogram)
    : statistics(&histogram),
      sides{&histogram, &histogram, &histogram},
      limit(std::numeric_limits<float>::infinity()) {}

CountTarget::CountTarget(ClampedHistogram& pair)
    : statistics(&pair.all),
      sides{&pair.inside, &pair.negative, &pair.above},
      limit(pair.high),
      positive_infinities(&pair.positive_infinities) {}

Accumulator::Accumulator(const ChunkKernels& kernels) : kernels_(kernels), scratch_(std::make_unique<Scratch>()) {}

Added Accumulator::add(const CountTarget& target, const float* values, std::size_t count) {
  Added added;
  add_pending(target, values, count, added);
  flush(target);
  return added;
}

Added Accumulator::add_blocked(const CountTarget& target, const float* values, const BlockedShape& shape) {
  Added added;
  const std::size_t full = shape.channels / shape.block * shape.group_size();
  const std::size_t used = shape.channels % shape.block;
  for (std::size_t image = 0; image < shape.images; ++image) {
    add_pending(target, values, full, added);
    values += full;
    if (used == 0) continue;
    // The channels of the last group that belong to the tensor, packed.
    float* packed = scratch_->packed.data();
    const std::size_t rows = kChunk / used;
    for (std::size_t begin = 0; begin < shape.inner; begin += rows) {
      const std::size_t end = std::min(shape.inner, begin + rows);
      float* out = packed;
      for (std::size_t i = begin; i < end; ++i, out += used) std::copy_n(values + i * shape.block, used, out);
      add_pending(target, packed, (end - begin) * used, added);
    }
    values += shape.group_size();
  }
  flush(target);
  return added;
}

void Accumulator::add_pending(const CountTarget& target, const float* values, std::size_t count, Added& added) {
  for (std::size_t start = 0; start < count; start += kChunk) {
    const std::size_t size = std::min(kChunk, count - start);
    const ChunkScan found = scan(target, values + start, size);
    if (is_finite(found)) {
      add_finite(target, values + start, size, found, added);
      continue;
    }
    float* finite = scratch_->finite.data();
    const std::size_t kept = keep_finite(target, values + start, size, finite);
    if (kept > 0) add_finite(target, finite, kept, scan(target, finite, kept), added);
  }
}

ChunkScan Accumulator::scan(const CountTarget& target, const float* values, std::size_t count) {
  const auto scale = [&](std::size_t side) { return std::ldexp(1.0F, kBinCountLog2 - target.sides[side]->exponent); };
  ScanSides sides{scale(0), scale(1), scale(2), std::numeric_limits<float>::infinity()};
  std::uint16_t* slots = scratch_->slots.data();
  // Without a limit a scan is faster, and most tensors never reach theirs.
  if (target.sides[kAbove]->exponent == kMinExponent) {
    const ChunkScan found = kernels_.scan(values, count, sides, slots);
    if (found.largest_signed < static_cast<std::int32_t>(bits_of(target.limit))) return found;
  }
  sides.limit = target.limit;
  return kernels_.scan(values, count, sides, slots);
}

void Accumulator::add_finite(const CountTarget& target, const float* values, std::size_t count, ChunkScan found,
                             Added& added) {
  Histogram& statistics = *target.statistics;
  const bool has_negative = found.largest_unsigned >= kSignBit;
  const bool has_positive = found.largest_signed >= 0;
  statistics.note_finite(
      count, float_of(has_negative ? found.largest_unsigned : found.smallest_unsigned),
      float_of(has_positive ? static_cast<std::uint32_t>(found.largest_signed) : found.smallest_unsigned));
  statistics.zero_count += found.zeros;
  if (found.zeros == count) return;

  const auto bits = side_bits(target, found);
  const auto exponent = [&](std::size_t side) { return exponent_for(float_of(bits[side])); };
  bool is_too_large = false;
  for (std::size_t side = 0; side < kSides; ++side)
    is_too_large |= bits[side] > 0 && exponent(side) > target.sides[side]->exponent;
  if (is_too_large) {
    flush(target);
    for (std::size_t side = 0; side < kSides; ++side)
      if (bits[side] > 0) target.sides[side]->grow_to(exponent(side));
    found = scan(target, values, count);
  }
  count_slots(found.slots);
  // Zeros that were counted in the first bin of their side: subtracting them is cheaper than skipping each of them.
  pending_positive_zeros_ += found.positive_zero_slots;
  pending_negative_zeros_ += found.negative_zero_slots;
  const std::array<bool, kSides> is_used = {has_positive, has_negative, bits[2] > 0};
  for (std::size_t side = 0; side < kSides; ++side) {
    is_used_[side] |= is_used[side];
    last_bin_[side] = std::max(last_bin_[side], bin_of(float_of(bits[side]), target.sides[side]->exponent));
    added.amax = float_of(std::max(bits_of(added.amax), bits[side]));
  }
  added.largest = float_of(std::max(bits_of(added.largest), positive_bits(found.largest_signed)));
  if (++pending_chunks_ == kChunksPerFlush) flush(target);
}

void Accumulator::count_slots(std::size_t count) {
  const std::uint16_t* slots = scratch_->slots.data();
  std::uint16_t* counters = scratch_->counters.data();
  std::size_t i = 0;
  for (; i + kCountedTogether <= count; i += kCountedTogether)
    for (std::size_t j = 0; j < kCountedTogether; ++j) ++counters[slots[i + j] * kBanks + j % kBanks];
  for (; i < count; ++i) ++counters[slots[i] * kBanks];
}

void Accumulator::flush(const CountTarget& target) {
  if (pending_chunks_ == 0) return;
  for (std::size_t side = 0; side < kSides; ++side) {
    if (!is_used_[side]) continue;
    Histogram& histogram = *target.sides[side];
    if (side == kNegative)
      flush_side(histogram.negative, side, pending_negative_zeros_);
    else
      flush_side(histogram.positive, side, side == 0 ? pending_positive_zeros_ : 0);
  }
  pending_chunks_ = 0;
  pending_positive_zeros_ = pending_negative_zeros_ = 0;
  last_bin_ = {};
  is_used_ = {};
}

void Accumulator::flush_side(std::vector<std::uint64_t>& bins, std::size_t side, std::uint64_t zeros) {
  if (bins.empty()) bins.resize(kBinCount);
  const std::size_t used = (static_cast<std::size_t>(last_bin_[side]) / kMovedTogether + 1) * kMovedTogether;
  kernels_.move_counts(scratch_->counters.data() + side * kBinCount * kBanks, used, bins.data());
  bins[0] -= zeros;
}

}  // namespace calib
