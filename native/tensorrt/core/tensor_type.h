#pragma once

#include <NvInfer.h>

#include <cstdint>
#include <string>
#include <vector>

namespace calib::tensorrt {

/** Dimensions; -1 for a dynamic dimension. */
using Shape = std::vector<std::int64_t>;

Shape shape_of(const nvinfer1::Dims& dims);
/** Throws wrong-argument for more than eight dimensions, which TensorRT does not support. */
nvinfer1::Dims dims_of(const Shape& shape, const std::string& name);
/** `1x3x224x224`, `scalar` for no dimensions. */
std::string shape_text(const Shape& shape);
bool is_dynamic(const Shape& shape);
/** Product of the dimensions, none of which may be -1. Throws wrong-argument if it exceeds 2^53. */
std::uint64_t element_count(const Shape& shape, const std::string& name);

/** `float32`, `float16`, `int8`, `int32`, `bool`, `uint8`, `fp8`, `bfloat16`, `int64`, `int4`, `fp4`, `e8m0`,
 * `unknown`. */
const char* type_name(nvinfer1::DataType type);
/** Bytes of one element; 0 for unknown types and for types with several elements per byte. */
std::size_t type_bytes(nvinfer1::DataType type);

}  // namespace calib::tensorrt
