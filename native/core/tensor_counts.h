#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "accumulator.h"
#include "channel_maxima.h"
#include "histogram.h"

namespace calib {

/** The values of one tensor; they belong to the caller. */
struct TensorView {
  const float* values;
  /** Without the channels that fill the last group. */
  std::vector<std::int64_t> dims;
  /**
   * 1: row-major order. More: groups of as many channels (axis 1), and inside a group the channels are the innermost
   * axis. The last group is filled up with channels that do not belong to the tensor. This is how ONNX Runtime keeps
   * the tensors between its convolutions.
   */
  std::size_t block = 1;
  std::size_t count() const;
};

/** The values of a tensor in row-major order. */
std::vector<float> row_major(const TensorView& view);

/** How the slots of a batch are counted. */
struct CountRequest {
  /** The group of each image, one image per slot; slots beyond them repeat the last image and are not counted. */
  std::vector<std::size_t> groups;
  std::size_t slots = 1;
  /**
   * For each tensor whether it is divided into equal contiguous pieces, one for each slot. Other tensors are counted
   * whole for every image.
   */
  std::vector<std::uint8_t> is_split;
};

/** What one batch contributed, [images][tensors]. */
struct ImageCounts {
  /** Largest finite |x|; NaN for a tensor that was not counted. */
  std::vector<float> amax;
  /** 1 if the image has NaN or infinity in this tensor. */
  std::vector<std::uint8_t> non_finite;
};

/** A tensor whose counts follow exactly from those of others, so that it is not visited. */
struct Derived {
  static constexpr float kJoined = 0.0F;

  std::size_t tensor;
  /** All are visited, or derived earlier in the list. */
  std::vector<std::size_t> sources;
  /** The values of the one source limited to [0, high]; kJoined: the values of all sources, unchanged. */
  float high = kJoined;
};

/** The histograms of all tensors for each group of images, and the channel maxima of some tensors over all images. */
class TensorCounts {
 public:
  /**
   * @param axes the channel axis of each tensor; ChannelMaxima::kNone for tensors without channel maxima
   * @param derived only for batches of one slot; at most one limited tensor for each source. Without channel maxima.
   * @throws Error kInvalidArgument
   */
  TensorCounts(std::vector<std::int64_t> axes, const std::vector<Derived>& derived = {});

  std::size_t tensors() const { return axes_.size(); }
  std::size_t groups() const { return groups_.size(); }
  Histogram histogram(std::size_t group, std::size_t tensor) const;
  const ChannelMaxima& channels(std::size_t tensor) const { return channels_.at(tensor); }

  /** Begins a batch: the next calls of `add` count as `request` says. @throws Error kInvalidArgument */
  void begin(CountRequest request);
  /** Counts one tensor of the batch. @throws Error kInvalidArgument if a tensor to split has no equal pieces */
  void add(std::size_t tensor, const TensorView& view);
  /** Returns what the batch contributed since `begin`. */
  ImageCounts take();
  /** Resets everything that was counted. */
  void clear();

 private:
  /** Counts one piece of a tensor in row-major order, or a whole tensor, for one image. */
  void add_piece(std::size_t image, std::size_t tensor, const TensorView& view);
  void add_clamped(std::size_t image, std::size_t tensor, const TensorView& view, std::size_t index);

  /** The counts of one group of images. */
  struct Group {
    std::vector<Histogram> histograms;
    std::vector<ClampedHistogram> pairs;
  };
  static constexpr std::size_t kNoPair = SIZE_MAX;

  Accumulator accumulator_;
  std::vector<std::int64_t> axes_;
  std::vector<Group> groups_;
  /** For each tensor the pair that it is the source, or the limited tensor, of; or kNoPair. */
  std::vector<std::size_t> pair_of_source_;
  std::vector<std::size_t> pair_of_clamped_;
  /** Of each pair: the limited tensor, and its limit. */
  std::vector<std::size_t> clamped_tensors_;
  std::vector<float> limits_;
  /** The tensors that join others. */
  std::vector<Derived> joined_;
  std::vector<ChannelMaxima> channels_;
  CountRequest request_;
  ImageCounts found_;
};

/**
 * A short description of a tensor's values, to compare two runs without keeping their tensors. Equal values give equal
 * fingerprints (NaNs count as equal); different values give different ones, except with a probability of about 2^-64.
 */
struct Fingerprint {
  std::uint64_t count = 0;
  /** Of all values, and of those before the last of `slots` equal pieces (0 if there are no equal pieces). */
  std::uint64_t whole = 0;
  std::uint64_t head = 0;
};
Fingerprint fingerprint_of(const float* values, std::size_t count, std::size_t slots);

}  // namespace calib
