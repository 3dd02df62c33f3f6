#include "image.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace calib {

namespace {

/** Fractional bits of the weights. Weights add up to 2^22 up to rounding, so that no sum of bytes leaves 32 bits. */
constexpr int kWeightBits = 22;
constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

/** The weights of every output sample along one axis. */
struct AxisWeights {
  /** First input sample of each output sample. */
  std::vector<std::size_t> first;
  std::vector<std::size_t> count;
  /** `taps` weights per output sample. */
  std::vector<std::int32_t> weights;
  std::size_t taps = 0;
};

AxisWeights axis_weights(std::size_t input_size, std::size_t output_size) {
  const double scale = static_cast<double>(input_size) / static_cast<double>(output_size);
  const double filter_scale = std::max(scale, 1.0);
  AxisWeights axis;
  axis.taps = static_cast<std::size_t>(std::ceil(filter_scale)) * 2 + 1;
  axis.first.resize(output_size);
  axis.count.resize(output_size);
  axis.weights.resize(output_size * axis.taps);
  std::vector<double> row(axis.taps);
  for (std::size_t out = 0; out < output_size; ++out) {
    const double center = (static_cast<double>(out) + 0.5) * scale;
    const auto from = static_cast<std::size_t>(std::max(0.0, std::trunc(center - filter_scale + 0.5)));
    const auto end = std::min(input_size, static_cast<std::size_t>(center + filter_scale + 0.5));
    const std::size_t used = end - from;
    double sum = 0;
    for (std::size_t i = 0; i < used; ++i) {
      const double distance = (static_cast<double>(i + from) - center + 0.5) / filter_scale;
      row[i] = std::max(0.0, 1.0 - std::abs(distance));
      sum += row[i];
    }
    axis.first[out] = from;
    axis.count[out] = used;
    for (std::size_t i = 0; i < used; ++i)
      axis.weights[out * axis.taps + i] = static_cast<std::int32_t>(0.5 + row[i] / sum * (1 << kWeightBits));
  }
  return axis;
}

template <int kChannels>
void resize_rows(const std::uint8_t* source, std::size_t width, std::size_t height, std::size_t out_width,
                 std::uint8_t* out) {
  const AxisWeights axis = axis_weights(width, out_width);
  for (std::size_t y = 0; y < height; ++y, source += width * kChannels) {
    for (std::size_t x = 0; x < out_width; ++x, out += kChannels) {
      const std::uint8_t* pixel = source + axis.first[x] * kChannels;
      const std::int32_t* weight = &axis.weights[x * axis.taps];
      std::int32_t sums[kChannels];
      for (int c = 0; c < kChannels; ++c) sums[c] = kHalf;
      for (std::size_t i = 0; i < axis.count[x]; ++i, pixel += kChannels)
        for (int c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weight[i];
      for (int c = 0; c < kChannels; ++c) out[c] = static_cast<std::uint8_t>(sums[c] >> kWeightBits);
    }
  }
}

void resize_columns(const std::uint8_t* source, std::size_t stride, std::size_t height, std::size_t out_height,
                    std::uint8_t* out) {
  const AxisWeights axis = axis_weights(height, out_height);
  std::vector<std::int32_t> row_sums(stride);
  std::int32_t* sums = row_sums.data();
  for (std::size_t y = 0; y < out_height; ++y, out += stride) {
    std::fill(row_sums.begin(), row_sums.end(), kHalf);
    for (std::size_t i = 0; i < axis.count[y]; ++i) {
      const std::uint8_t* row = source + (axis.first[y] + i) * stride;
      const std::int32_t weight = axis.weights[y * axis.taps + i];
      for (std::size_t x = 0; x < stride; ++x) sums[x] += row[x] * weight;
    }
    for (std::size_t x = 0; x < stride; ++x) out[x] = static_cast<std::uint8_t>(sums[x] >> kWeightBits);
  }
}

}  // namespace

void resize_image(const std::uint8_t* source, const ImageShape& shape, std::size_t out_width, std::size_t out_height,
                  std::uint8_t* out) {
  const auto& [width, height, channels] = shape;
  const std::size_t stride = out_width * channels;
  std::vector<std::uint8_t> across;
  if (out_width != width) {
    const bool is_last = out_height == height;
    if (!is_last) across.resize(stride * height);
    std::uint8_t* rows = is_last ? out : across.data();
    if (channels == 1)
      resize_rows<1>(source, width, height, out_width, rows);
    else
      resize_rows<3>(source, width, height, out_width, rows);
    source = rows;
  }
  if (out_height != height)
    resize_columns(source, stride, height, out_height, out);
  else if (source != out)
    std::memcpy(out, source, stride * height);
}

void look_up_values(const std::uint8_t* source, std::size_t pixels, std::size_t channels,
                    const std::vector<ValuePlane>& planes, bool is_planar, float* out) {
  const std::size_t step = is_planar ? 1 : planes.size();
  for (std::size_t plane = 0; plane < planes.size(); ++plane) {
    const auto& [channel, table] = planes[plane];
    const std::uint8_t* from = source + channel;
    float* to = out + (is_planar ? plane * pixels : plane);
    for (std::size_t i = 0; i < pixels; ++i) to[i * step] = table[from[i * channels]];
  }
}

}  // namespace calib
