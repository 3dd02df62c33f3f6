#include "pieces.h"

namespace calib::addon {

namespace {

constexpr std::size_t kMaxParts = std::size_t{1} << 31;

}  // namespace

std::vector<Piece> pieces_argument(const Napi::CallbackInfo& info, std::size_t tensor_count) {
  const Napi::Value list = argument(info, 0, "values");
  if (!list.IsArray() || list.As<Napi::Array>().Length() != tensor_count) {
    throw Error(kInvalidArgument, "Expected values to be an array with one entry for each of " +
                                      std::to_string(tensor_count) + " tensors");
  }
  const std::size_t parts = index_argument(argument(info, 2, "parts"), "parts", kMaxParts);
  if (parts == 0) throw Error(kInvalidArgument, "Expected parts to be at least 1");
  const std::size_t part = index_argument(argument(info, 1, "part"), "part", parts);
  std::vector<Piece> pieces;
  for (std::size_t tensor = 0; tensor < tensor_count; ++tensor) {
    const Napi::Value entry = list.As<Napi::Array>()[static_cast<std::uint32_t>(tensor)];
    if (entry.IsNull()) continue;
    const std::string name = "values[" + std::to_string(tensor) + "]";
    Napi::Float32Array array = float32_argument(entry, name);
    const std::size_t length = array.ElementLength();
    if (length % parts != 0) {
      throw Error(kInvalidArgument, "Expected the length of " + name + " to be a multiple of " + std::to_string(parts) +
                                        ", found " + std::to_string(length));
    }
    const std::size_t count = length / parts;
    pieces.push_back({tensor, count == 0 ? nullptr : array.Data() + part * count, count});
  }
  return pieces;
}

Napi::Float32Array amax_argument(const Napi::CallbackInfo& info, std::size_t tensor_count) {
  Napi::Float32Array amax_out = float32_argument(argument(info, 3, "amaxOut"), "amaxOut");
  if (amax_out.ElementLength() != tensor_count) {
    throw Error(kInvalidArgument, "Expected amaxOut to have " + std::to_string(tensor_count) + " entries, found " +
                                      std::to_string(amax_out.ElementLength()));
  }
  return amax_out;
}

}  // namespace calib::addon
