#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "blocked_shape.h"
#include "chunk_kernels.h"
#include "clamped_histogram.h"
#include "histogram.h"

namespace calib {

/** The histograms that values are counted into: one, or those of a ClampedHistogram. */
struct CountTarget {
  CountTarget(Histogram& histogram);
  CountTarget(ClampedHistogram& pair);

  /** Has everything except bins. */
  Histogram* statistics;
  /** Bins of the values between 0 and the limit, below 0, and from the limit on. */
  std::array<Histogram*, 3> sides;
  float limit;
  /** null: they are not told apart. */
  std::uint64_t* positive_infinities = nullptr;
};

/** What was added by one call. */
struct Added {
  /** The largest finite |x|; 0 if there is none. */
  float amax = 0.0F;
  /** The largest finite x above 0; 0 if there is none. */
  float largest = 0.0F;
};

/**
 * Adds float32 values to histograms: the hot loop of calibration. Pieces that fit into the first-level cache go through
 * one vectorised pass (range, zeros, and the bin numbers for the range so far) and one scalar pass that counts into
 * four small counters for each bin in turn, so that runs of equal bins do not wait for each other's store. A piece that
 * extends the range is passed again. It works on the bits of the values, so that the counts do not depend on the
 * thread's denormal mode. Each thread needs its own; it contains scratch memory only (about 140 KB).
 */
class Accumulator {
 public:
  explicit Accumulator(const ChunkKernels& kernels = chunk_kernels());
  Added add(const CountTarget& target, const float* values, std::size_t count);
  /** Adds a tensor in groups of channels, without the channels that fill the last group. */
  Added add_blocked(const CountTarget& target, const float* values, const BlockedShape& shape);

 private:
  static constexpr std::size_t kChunk = 4096;
  /** As ChunkKernels::move_counts expects. */
  static constexpr std::size_t kBanks = 4;
  /** Values in one turn of the loop that counts. */
  static constexpr std::size_t kCountedTogether = 8;
  static constexpr std::size_t kSides = 3;
  static constexpr std::size_t kNegative = 1;
  static constexpr std::size_t kAbove = 2;
  static constexpr std::size_t kSlots = kSides * static_cast<std::size_t>(kBinCount);
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

  /** Adds values without moving the counters to the histograms. */
  void add_pending(const CountTarget& target, const float* values, std::size_t count, Added& added);
  /** Scans a piece for the ranges of the histograms, and writes its slots to the scratch memory. */
  ChunkScan scan(const CountTarget& target, const float* values, std::size_t count);
  /** Adds at most kChunk finite values. */
  void add_finite(const CountTarget& target, const float* values, std::size_t count, ChunkScan found, Added& added);
  void count_slots(std::size_t count);
  /** Moves the counters to the histograms. */
  void flush(const CountTarget& target);
  void flush_side(std::vector<std::uint64_t>& bins, std::size_t side, std::uint64_t zeros);

  const ChunkKernels& kernels_;
  std::unique_ptr<Scratch> scratch_;
  /** Since the last flush: number of chunks, zeros counted in the first bins, largest bin and use of each side. */
  std::size_t pending_chunks_ = 0;
  std::uint64_t pending_positive_zeros_ = 0;
  std::uint64_t pending_negative_zeros_ = 0;
  std::array<int, kSides> last_bin_{};
  std::array<bool, kSides> is_used_{};
};

}  // namespace calib
