#include "accumulator.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "chunk_kernels.h"
#include "float_bits.h"

namespace calib {

namespace {

/** Bits of the largest |x|; NaN and infinity are larger than every finite value. */
std::uint32_t largest_magnitude_bits(const ChunkScan& chunk) {
  const std::uint32_t positive = chunk.largest_signed >= 0 ? static_cast<std::uint32_t>(chunk.largest_signed) : 0;
  const std::uint32_t negative = chunk.largest_unsigned >= kSignBit ? chunk.largest_unsigned & ~kSignBit : 0;
  return std::max(positive, negative);
}

/** Copies the finite values of a piece to `out`, counts the others, and returns the number of copied values. */
std::size_t keep_finite(Histogram& histogram, const float* values, std::size_t count, float* out) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = bits_of(values[i]) & ~kSignBit;
    if (magnitude < kInfinityBits)
      out[kept++] = values[i];
    else if (magnitude == kInfinityBits)
      ++histogram.infinity_count;
    else
      ++histogram.nan_count;
  }
  return kept;
}

}  // namespace

Accumulator::Accumulator(const ChunkKernels& kernels) : kernels_(kernels), scratch_(std::make_unique<Scratch>()) {}

float Accumulator::add(Histogram& histogram, const float* values, std::size_t count) {
  const std::uint32_t amax_bits = add_pending(histogram, values, count);
  flush(histogram);
  return float_of(amax_bits);
}

float Accumulator::add_blocked(Histogram& histogram, const float* values, const BlockedShape& shape) {
  std::uint32_t amax_bits = 0;
  const std::size_t full = shape.channels / shape.block;
  const std::size_t used = shape.channels % shape.block;
  for (std::size_t image = 0; image < shape.images; ++image) {
    amax_bits = std::max(amax_bits, add_pending(histogram, values, full * shape.group_size()));
    values += full * shape.group_size();
    if (used == 0) continue;
    // The channels of the last group that belong to the tensor, packed.
    float* packed = scratch_->packed.data();
    const std::size_t rows = kChunk / used;
    for (std::size_t begin = 0; begin < shape.inner; begin += rows) {
      const std::size_t end = std::min(shape.inner, begin + rows);
      float* out = packed;
      for (std::size_t i = begin; i < end; ++i, out += used) std::copy_n(values + i * shape.block, used, out);
      amax_bits = std::max(amax_bits, add_pending(histogram, packed, (end - begin) * used));
    }
    values += shape.group_size();
  }
  flush(histogram);
  return float_of(amax_bits);
}

std::uint32_t Accumulator::add_pending(Histogram& histogram, const float* values, std::size_t count) {
  std::uint32_t amax_bits = 0;
  for (std::size_t start = 0; start < count; start += kChunk) {
    const std::size_t size = std::min(kChunk, count - start);
    const ChunkScan found = scan(histogram, values + start, size);
    if (largest_magnitude_bits(found) < kInfinityBits) {
      amax_bits = std::max(amax_bits, add_finite(histogram, values + start, size, found));
      continue;
    }
    float* finite = scratch_->finite.data();
    const std::size_t kept = keep_finite(histogram, values + start, size, finite);
    if (kept > 0) amax_bits = std::max(amax_bits, add_finite(histogram, finite, kept, scan(histogram, finite, kept)));
  }
  return amax_bits;
}

ChunkScan Accumulator::scan(const Histogram& histogram, const float* values, std::size_t count) {
  const float scale = std::ldexp(1.0F, kBinCountLog2 - histogram.exponent);
  return kernels_.scan(values, count, scale, scratch_->slots.data());
}

std::uint32_t Accumulator::add_finite(Histogram& histogram, const float* values, std::size_t count, ChunkScan found) {
  const bool has_negative = found.largest_unsigned >= kSignBit;
  const bool has_positive = found.largest_signed >= 0;
  histogram.note_finite(
      count, float_of(has_negative ? found.largest_unsigned : found.smallest_unsigned),
      float_of(has_positive ? static_cast<std::uint32_t>(found.largest_signed) : found.smallest_unsigned));
  histogram.zero_count += found.zeros;
  if (found.zeros == count) return 0;

  const std::uint32_t amax_bits = largest_magnitude_bits(found);
  const float amax = float_of(amax_bits);
  const int exponent = exponent_for(amax);
  if (exponent > histogram.exponent) {
    flush(histogram);
    histogram.grow_to(exponent);
    found = scan(histogram, values, count);
  }
  count_slots(found.slots);
  // Zeros that were counted in the first bin of their side: subtracting them is cheaper than skipping each of them.
  pending_positive_zeros_ += found.positive_zero_slots;
  pending_negative_zeros_ += found.negative_zero_slots;
  has_positive_ |= has_positive;
  has_negative_ |= has_negative;
  last_bin_ = std::max(last_bin_, bin_of(amax, histogram.exponent));
  if (++pending_chunks_ == kChunksPerFlush) flush(histogram);
  return amax_bits;
}

void Accumulator::count_slots(std::size_t count) {
  const std::uint16_t* slots = scratch_->slots.data();
  std::uint16_t* counters = scratch_->counters.data();
  std::size_t i = 0;
  for (; i + kBanks <= count; i += kBanks) {
    std::uint64_t four;
    std::memcpy(&four, slots + i, sizeof four);
    ++counters[(four & 0xffff) * kBanks];
    ++counters[(four >> 16 & 0xffff) * kBanks + 1];
    ++counters[(four >> 32 & 0xffff) * kBanks + 2];
    ++counters[(four >> 48) * kBanks + 3];
  }
  for (; i < count; ++i) ++counters[static_cast<std::size_t>(slots[i]) * kBanks];
}

void Accumulator::flush(Histogram& histogram) {
  if (pending_chunks_ == 0) return;
  if (has_positive_) flush_side(histogram.positive, 0, pending_positive_zeros_);
  if (has_negative_) flush_side(histogram.negative, kBinCount, pending_negative_zeros_);
  pending_chunks_ = 0;
  pending_positive_zeros_ = pending_negative_zeros_ = 0;
  last_bin_ = 0;
  has_positive_ = has_negative_ = false;
}

void Accumulator::flush_side(std::vector<std::uint64_t>& bins, std::size_t first_slot, std::uint64_t zeros) {
  if (bins.empty()) bins.resize(kBinCount);
  const std::size_t used = static_cast<std::size_t>(last_bin_) + 1;
  kernels_.move_counts(scratch_->counters.data() + first_slot * kBanks, used, bins.data());
  bins[0] -= zeros;
}

}  // namespace calib
