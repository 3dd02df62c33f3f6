#include "../core/image.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace calib {
namespace {

std::vector<std::uint8_t> gradient(const ImageShape& shape) {
  std::vector<std::uint8_t> bytes(shape.width * shape.height * shape.channels);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
  return bytes;
}

TEST(ResizeImage, WritesEveryByteOfAnySize) {
  for (const std::size_t channels : {1, 3}) {
    const ImageShape shape{13, 7, channels};
    const std::vector<std::uint8_t> white(shape.width * shape.height * channels, 255);
    for (const std::size_t width : {1, 5, 13, 40}) {
      for (const std::size_t height : {1, 3, 7, 20}) {
        std::vector<std::uint8_t> out(width * height * channels, 0);
        resize_image(white.data(), shape, width, height, out.data());
        for (const std::uint8_t byte : out) ASSERT_EQ(byte, 255);
      }
    }
  }
}

TEST(ResizeImage, KeepsAnImageOfTheSameSize) {
  const ImageShape shape{5, 4, 3};
  const std::vector<std::uint8_t> bytes = gradient(shape);
  std::vector<std::uint8_t> out(bytes.size());
  resize_image(bytes.data(), shape, 5, 4, out.data());
  EXPECT_EQ(out, bytes);
}

TEST(LookUpValues, WritesPlanesInEitherLayout) {
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6};
  std::vector<float> same(256), twice(256);
  for (int i = 0; i < 256; ++i) {
    same[i] = static_cast<float>(i);
    twice[i] = static_cast<float>(2 * i);
  }
  const std::vector<ValuePlane> planes{{2, same.data()}, {0, twice.data()}};
  std::vector<float> out(4);
  look_up_values(bytes.data(), 2, 3, planes, true, out.data());
  EXPECT_EQ(out, (std::vector<float>{3, 6, 2, 8}));
  look_up_values(bytes.data(), 2, 3, planes, false, out.data());
  EXPECT_EQ(out, (std::vector<float>{3, 2, 6, 8}));
}

}  // namespace
}  // namespace calib
