#include "tensor_type.h"

#include <algorithm>

#include "../../core/error.h"
#include "codes.h"

namespace calib::tensorrt {

namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 53;

struct TypeInfo {
  nvinfer1::DataType type;
  const char* name;
  std::size_t bytes;
};

constexpr TypeInfo kTypes[] = {
    {nvinfer1::DataType::kFLOAT, "float32", 4}, {nvinfer1::DataType::kHALF, "float16", 2},
    {nvinfer1::DataType::kINT8, "int8", 1},     {nvinfer1::DataType::kINT32, "int32", 4},
    {nvinfer1::DataType::kBOOL, "bool", 1},     {nvinfer1::DataType::kUINT8, "uint8", 1},
    {nvinfer1::DataType::kFP8, "fp8", 1},       {nvinfer1::DataType::kBF16, "bfloat16", 2},
    {nvinfer1::DataType::kINT64, "int64", 8},   {nvinfer1::DataType::kINT4, "int4", 0},
#if NV_TENSORRT_MAJOR >= 11
    {nvinfer1::DataType::kFP4, "fp4", 0},       {nvinfer1::DataType::kE8M0, "e8m0", 1},
#endif
};

const TypeInfo* info_of(nvinfer1::DataType type) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [type](const TypeInfo& info) { return info.type == type; });
  return found == std::end(kTypes) ? nullptr : found;
}

}  // namespace

Shape shape_of(const nvinfer1::Dims& dims) {
  return Shape(dims.d, dims.d + std::clamp(dims.nbDims, 0, nvinfer1::Dims::MAX_DIMS));
}

nvinfer1::Dims dims_of(const Shape& shape, const std::string& name) {
  if (shape.size() > static_cast<std::size_t>(nvinfer1::Dims::MAX_DIMS)) {
    throw Error(kWrongArgument,
                "Expected at most 8 dimensions for \"" + name + "\", found " + std::to_string(shape.size()));
  }
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<std::int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), dims.d);
  return dims;
}

std::string shape_text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t dimension : shape) text += (text.empty() ? "" : "x") + std::to_string(dimension);
  return text;
}

bool is_dynamic(const Shape& shape) {
  return std::any_of(shape.begin(), shape.end(), [](std::int64_t dimension) { return dimension < 0; });
}

std::uint64_t element_count(const Shape& shape, const std::string& name) {
  std::uint64_t count = 1;
  for (const std::int64_t dimension : shape) {
    const auto factor = static_cast<std::uint64_t>(dimension);
    if (dimension < 0 || (factor != 0 && count > kMaxElements / factor)) {
      throw Error(kWrongArgument, "The shape " + shape_text(shape) + " of \"" + name + "\" has no usable size");
    }
    count *= factor;
  }
  return count;
}

const char* type_name(nvinfer1::DataType type) {
  const TypeInfo* info = info_of(type);
  return info == nullptr ? "unknown" : info->name;
}

std::size_t type_bytes(nvinfer1::DataType type) {
  const TypeInfo* info = info_of(type);
  return info == nullptr ? 0 : info->bytes;
}

}  // namespace calib::tensorrt
