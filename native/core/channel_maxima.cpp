#include "channel_maxima.h"

#include <algorithm>

#include "blocked_shape.h"
#include "chunk_kernels.h"
#include "float_bits.h"

namespace calib {

namespace {

void raise_blocked(const float* values, const BlockedShape& shape, float* maxima) {
  const ChunkKernels& kernels = chunk_kernels();
  for (std::size_t image = 0; image < shape.images; ++image) {
    for (std::size_t first = 0; first < shape.channels; first += shape.block, values += shape.group_size()) {
      const std::size_t used = std::min(shape.block, shape.channels - first);
      for (std::size_t i = 0; i < shape.inner; ++i) kernels.raise_each(values + i * shape.block, used, maxima + first);
    }
  }
}

}  // namespace

void ChannelMaxima::add(const float* values, const std::vector<std::int64_t>& dims, std::size_t block,
                        std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::int64_t at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank) return;
  const auto product = [&](std::int64_t begin, std::int64_t end) {
    std::size_t result = 1;
    for (std::int64_t i = begin; i < end; ++i) result *= static_cast<std::size_t>(dims[static_cast<std::size_t>(i)]);
    return result;
  };
  const std::size_t channels = product(at, at + 1);
  if (channels > values_.size()) values_.resize(channels, 0.0F);
  if (block > 1) {
    raise_blocked(values, {dims, block}, values_.data());
    return;
  }
  raise_channel_maxima(values, product(0, at), channels, product(at + 1, rank), values_.data());
}

void raise_channel_maxima(const float* values, std::size_t outer, std::size_t channels, std::size_t inner,
                          float* maxima) {
  const ChunkKernels& kernels = chunk_kernels();
  const std::size_t row = channels * inner;
  for (std::size_t o = 0; o < outer; ++o, values += row) {
    if (inner == 1) {
      kernels.raise_each(values, channels, maxima);
      continue;
    }
    for (std::size_t c = 0; c < channels; ++c)
      maxima[c] = std::max(maxima[c], kernels.largest_finite(values + c * inner, inner));
  }
}

}  // namespace calib
