#include "images.h"

#include <vector>

#include "../core/image.h"
#include "arguments.h"

namespace calib::addon {

namespace {

/** Sides are limited so that products of them fit into 64 bits. */
constexpr std::size_t kSideLimit = 1 << 30;
constexpr std::size_t kByteValues = 256;

std::size_t side_argument(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  const std::size_t side = index_argument(argument(info, index, name), name, kSideLimit);
  if (side == 0) throw Error(kInvalidArgument, std::string("Expected ") + name + " to be at least 1");
  return side;
}

}  // namespace

Napi::Value resize_image_of(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Uint8Array data = bytes_argument(argument(info, 0, "data"), "data");
    const ImageShape shape{side_argument(info, 1, "width"), side_argument(info, 2, "height"),
                           side_argument(info, 3, "channels")};
    const std::size_t out_width = side_argument(info, 4, "outWidth");
    const std::size_t out_height = side_argument(info, 5, "outHeight");
    if (shape.channels != 1 && shape.channels != 3) throw Error(kInvalidArgument, "Expected channels to be 1 or 3");
    if (data.ByteLength() != shape.width * shape.height * shape.channels)
      throw Error(kInvalidArgument, "Expected data to hold width * height * channels bytes");
    Napi::Uint8Array out = Napi::Uint8Array::New(info.Env(), out_width * out_height * shape.channels);
    resize_image(data.Data(), shape, out_width, out_height, out.Data());
    return out;
  });
}

Napi::Value values_of_image(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Uint8Array data = bytes_argument(argument(info, 0, "data"), "data");
    const std::size_t channels = side_argument(info, 1, "channels");
    const Napi::Uint8Array sources = bytes_argument(argument(info, 2, "sources"), "sources");
    const Napi::Float32Array tables = float32_argument(argument(info, 3, "tables"), "tables");
    const bool is_planar = argument(info, 4, "isPlanar").ToBoolean();
    if (data.ByteLength() % channels != 0) throw Error(kInvalidArgument, "Expected data to hold whole pixels");
    if (tables.ElementLength() != sources.ByteLength() * kByteValues)
      throw Error(kInvalidArgument, "Expected tables to hold 256 values for each plane");
    std::vector<ValuePlane> planes;
    for (std::size_t plane = 0; plane < sources.ByteLength(); ++plane) {
      if (sources[plane] >= channels) throw Error(kInvalidArgument, "Expected sources to name channels of the data");
      planes.push_back({sources[plane], tables.Data() + plane * kByteValues});
    }
    const std::size_t pixels = data.ByteLength() / channels;
    Napi::Float32Array out = Napi::Float32Array::New(info.Env(), pixels * planes.size());
    look_up_values(data.Data(), pixels, channels, planes, is_planar, out.Data());
    return out;
  });
}

}  // namespace calib::addon
