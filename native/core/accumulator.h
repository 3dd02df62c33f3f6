#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "chunk_kernels.h"
#include "histogram.h"

namespace calib {

/**
 * Adds float32 values to histograms: the hot loop of calibration. It has two vectorised passes over pieces that fit
 * into the first-level cache (range and zeros; bin numbers), and one scalar pass that counts into several banks of
 * small counters, so that runs of equal bins do not wait for each other's store. It works on the bits of the values, so
 * that the counts do not depend on the thread's denormal mode. Each thread needs its own; it contains scratch memory
 * only (about 80 KB).
 */
class Accumulator {
 public:
  Accumulator();
  /** Adds `count` values and returns the largest finite |x| among them (0 if there is none). */
  float add(Histogram& histogram, const float* values, std::size_t count);

 private:
  static constexpr std::size_t kChunk = 4096;
  static constexpr std::size_t kBanks = 4;
  static constexpr std::size_t kSlots = 2 * static_cast<std::size_t>(kBinCount);
  /**
   * A counter grows by at most kChunk / kBanks per chunk, so that a 16-bit counter cannot overflow in this many chunks.
   */
  static constexpr std::size_t kChunksPerFlush = 65535 / (kChunk / kBanks);

  struct Scratch {
    alignas(64) std::array<std::array<std::uint16_t, kSlots>, kBanks> banks{};
    alignas(64) std::array<std::uint16_t, kChunk> slots{};
    alignas(64) std::array<float, kChunk> finite{};
  };

  /** Adds at most kChunk finite values; returns the bits of their largest |x|. */
  std::uint32_t add_finite(Histogram& histogram, const float* values, std::size_t count, const ChunkBits& chunk);
  void count_slots(std::size_t count);
  /** Moves the counts of the banks to the histogram. */
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
