#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/** The largest finite |x| of every channel of a tensor. Maxima do not depend on the order of the values. */
class ChannelMaxima {
 public:
  /** The axis of a tensor without channel maxima. */
  static constexpr std::int64_t kNone = INT64_MIN;

  /** Whether `add` takes tensors of this rank in groups of channels. */
  static bool reads_blocks(std::int64_t axis, std::size_t rank) {
    return axis == kNone || axis == 1 || axis == 1 - static_cast<std::int64_t>(rank);
  }

  /**
   * Raises the maxima by a tensor.
   * @param block see TensorView; more than 1 only if reads_blocks
   * @param axis of the channels; a negative one counts from the end. A tensor that does not have it adds nothing.
   */
  void add(const float* values, const std::vector<std::int64_t>& dims, std::size_t block, std::int64_t axis);

  /** One per channel; a tensor whose number of channels varies has the largest number. */
  const std::vector<float>& values() const { return values_; }
  void clear() { values_.clear(); }

 private:
  std::vector<float> values_;
};

/**
 * maxima[c] = max(maxima[c], finite |x| of channel c). `values` has outer * channels * inner elements.
 */
void raise_channel_maxima(const float* values, std::size_t outer, std::size_t channels, std::size_t inner,
                          float* maxima);

}  // namespace calib
