#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "blocked_shape.h"
#include "chunk_kernels.h"
#include "histogram.h"

namespace calib {

/**
 * Adds float32 values to histograms: the hot loop of calibration. Pieces that fit into the first-level cache go through
 * one vectorised pass (range, zeros, and the bin numbers for the range so far) and one scalar pass that counts into
 * four small counters for each bin in turn, so that runs of equal bins do not wait for each other's store. A piece that
 * extends the range is passed again. It works on the bits of the values, so that the counts do not depend on the
 * thread's denormal mode. Each thread needs its own; it contains scratch memory only (about 110 KB).
 */
class Accumulator {
 public:
  explicit Accumulator(const ChunkKernels& kernels = chunk_kernels());
  /** Adds `count` values and returns the largest finite |x| among them (0 if there is none). */
  float add(Histogram& histogram, const float* values, std::size_t count);
  /** The same for a tensor in groups of channels, without the channels that fill the last group. */
  float add_blocked(Histogram& histogram, const float* values, const BlockedShape& shape);

 private:
  static constexpr std::size_t kChunk = 4096;
  /** As ChunkKernels::move_counts expects. */
  static constexpr std::size_t kBanks = 4;
  static constexpr std::size_t kSlots = 2 * static_cast<std::size_t>(kBinCount);
  /**
   * A counter grows by at most kChunk / kBanks + 1 per chunk, so that a 16-bit counter cannot overflow in this many
   * chunks.
   */
  static constexpr std::size_t kChunksPerFlush = 65535 / (kChunk / kBanks + 1);

  struct Scratch {
    /** The kBanks counters of a slot are adjacent. */
    alignas(64) std::array<std::uint16_t, kSlots * kBanks> counters{};
    alignas(64) std::array<std::uint16_t, kChunk + kSlotPadding> slots{};
    alignas(64) std::array<float, kChunk> finite{};
    alignas(64) std::array<float, kChunk> packed{};
  };

  /** Adds values without moving the counters to the histogram; returns the bits of their largest |x|. */
  std::uint32_t add_pending(Histogram& histogram, const float* values, std::size_t count);
  /** Scans a piece for the range of the histogram, and writes its slots to the scratch memory. */
  ChunkScan scan(const Histogram& histogram, const float* values, std::size_t count);
  /** Adds at most kChunk finite values; returns the bits of their largest |x|. */
  std::uint32_t add_finite(Histogram& histogram, const float* values, std::size_t count, ChunkScan found);
  void count_slots(std::size_t count);
  /** Moves the counters to the histogram. */
  void flush(Histogram& histogram);
  void flush_side(std::vector<std::uint64_t>& bins, std::size_t first_slot, std::uint64_t zeros);

  const ChunkKernels& kernels_;
  std::unique_ptr<Scratch> scratch_;
  /**
   * Since the last flush: number of chunks, zeros counted in the first bin of each side, largest bin, sides with
   * values.
   */
  std::size_t pending_chunks_ = 0;
  std::uint64_t pending_positive_zeros_ = 0;
  std::uint64_t pending_negative_zeros_ = 0;
  int last_bin_ = 0;
  bool has_positive_ = false;
  bool has_negative_ = false;
};

}  // namespace calib
