#include "accumulator.h"

#include <algorithm>
#include <cmath>

#include "chunk_kernels.h"
#include "float_bits.h"

namespace calib {

namespace {

/** Bits of the largest |x|; NaN and infinity are larger than every finite value. */
std::uint32_t largest_magnitude_bits(const ChunkBits& chunk) {
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

Accumulator::Accumulator() : kernels_(chunk_kernels()), scratch_(std::make_unique<Scratch>()) {}

float Accumulator::add(Histogram& histogram, const float* values, std::size_t count) {
  std::uint32_t amax_bits = 0;
  for (std::size_t start = 0; start < count; start += kChunk) {
    const std::size_t size = std::min(kChunk, count - start);
    const ChunkBits chunk = kernels_.scan(values + start, size);
    if (largest_magnitude_bits(chunk) < kInfinityBits) {
      amax_bits = std::max(amax_bits, add_finite(histogram, values + start, size, chunk));
      continue;
    }
    float* finite = scratch_->finite.data();
    const std::size_t kept = keep_finite(histogram, values + start, size, finite);
    if (kept > 0) amax_bits = std::max(amax_bits, add_finite(histogram, finite, kept, kernels_.scan(finite, kept)));
  }
  flush(histogram);
  return float_of(amax_bits);
}

std::uint32_t Accumulator::add_finite(Histogram& histogram, const float* values, std::size_t count,
                                      const ChunkBits& chunk) {
  const bool has_negative = chunk.largest_unsigned >= kSignBit;
  const bool has_positive = chunk.largest_signed >= 0;
  histogram.note_finite(
      count, float_of(has_negative ? chunk.largest_unsigned : chunk.smallest_unsigned),
      float_of(has_positive ? static_cast<std::uint32_t>(chunk.largest_signed) : chunk.smallest_unsigned));
  histogram.zero_count += chunk.zeros;
  if (chunk.zeros == count) return 0;

  const std::uint32_t amax_bits = largest_magnitude_bits(chunk);
  const float amax = float_of(amax_bits);
  const int exponent = exponent_for(amax);
  if (exponent > histogram.exponent) {
    flush(histogram);
    histogram.grow_to(exponent);
  }
  kernels_.slots(values, count, std::ldexp(1.0F, kBinCountLog2 - histogram.exponent), scratch_->slots.data());
  count_slots(count);
  // Zeros were counted in the first bin of their side: subtracting them here is cheaper than skipping each of them.
  pending_positive_zeros_ += chunk.zeros - chunk.negative_zeros;
  pending_negative_zeros_ += chunk.negative_zeros;
  has_positive_ |= has_positive;
  has_negative_ |= has_negative;
  last_bin_ = std::max(last_bin_, bin_of(amax, histogram.exponent));
  if (++pending_chunks_ == kChunksPerFlush) flush(histogram);
  return amax_bits;
}

void Accumulator::count_slots(std::size_t count) {
  const std::uint16_t* slots = scratch_->slots.data();
  std::uint16_t* bank0 = scratch_->banks[0].data();
  std::uint16_t* bank1 = scratch_->banks[1].data();
  std::uint16_t* bank2 = scratch_->banks[2].data();
  std::uint16_t* bank3 = scratch_->banks[3].data();
  std::size_t i = 0;
  for (; i + kBanks <= count; i += kBanks) {
    ++bank0[slots[i]];
    ++bank1[slots[i + 1]];
    ++bank2[slots[i + 2]];
    ++bank3[slots[i + 3]];
  }
  for (; i < count; ++i) ++bank0[slots[i]];
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
  std::uint16_t* bank0 = scratch_->banks[0].data() + first_slot;
  std::uint16_t* bank1 = scratch_->banks[1].data() + first_slot;
  std::uint16_t* bank2 = scratch_->banks[2].data() + first_slot;
  std::uint16_t* bank3 = scratch_->banks[3].data() + first_slot;
  for (std::size_t i = 0; i < used; ++i) {
    bins[i] += static_cast<std::uint32_t>(bank0[i]) + bank1[i] + bank2[i] + bank3[i];
  }
  bins[0] -= zeros;
  for (std::uint16_t* bank : {bank0, bank1, bank2, bank3}) std::fill_n(bank, used, static_cast<std::uint16_t>(0));
}

}  // namespace calib
