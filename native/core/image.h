#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace calib {

/** Size of an image whose bytes lie row by row with interleaved channels. */
struct ImageShape {
  std::size_t width;
  std::size_t height;
  /** 1 or 3. */
  std::size_t channels;
};

/**
 * Resizes with a triangle filter that is widened for downscaling (bilinear with antialiasing). The result is
 * bit-identical to Pillow's BILINEAR and to torchvision's default: rows are resized first and rounded to bytes, then
 * columns; the weights are fixed-point numbers with 22 fractional bits. A side that keeps its length is copied.
 * @param source width * height * channels bytes; all sides are at least 1
 * @param out out_width * out_height * channels bytes
 */
void resize_image(const std::uint8_t* source, const ImageShape& shape, std::size_t out_width, std::size_t out_height,
                  std::uint8_t* out);

/** Where the values of one plane of a tensor come from. */
struct ValuePlane {
  /** Channel of the source. */
  std::size_t channel;
  /** The values of the bytes 0 to 255. */
  const float* table;
};

/**
 * Looks up the value of every byte of an image with interleaved channels.
 * @param source pixels * channels bytes
 * @param is_planar whether the planes lie one after the other (else their values are interleaved)
 * @param out pixels * planes.size() values
 */
void look_up_values(const std::uint8_t* source, std::size_t pixels, std::size_t channels,
                    const std::vector<ValuePlane>& planes, bool is_planar, float* out);

}  // namespace calib
