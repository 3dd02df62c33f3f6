#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/** The sizes of a tensor [images, channels, ...] that is stored in groups of `block` channels, see TensorView. */
struct BlockedShape {
  BlockedShape(const std::vector<std::int64_t>& dims, std::size_t block_size)
      : images(static_cast<std::size_t>(dims.at(0))),
        channels(static_cast<std::size_t>(dims.at(1))),
        block(block_size) {
    for (std::size_t i = 2; i < dims.size(); ++i) inner *= static_cast<std::size_t>(dims[i]);
  }

  std::size_t groups() const { return (channels + block - 1) / block; }
  /** Number of values of a group, those of filling channels included. */
  std::size_t group_size() const { return inner * block; }

  std::size_t images;
  std::size_t channels;
  std::size_t block;
  /** Number of values of one channel. */
  std::size_t inner = 1;
};

}  // namespace calib
