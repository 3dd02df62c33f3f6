#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../core/build_request.h"

namespace calib::tensorrt::addon {

// Functions that read JavaScript values; each throws wrong-argument with the name of the value.

bool is_absent(const Napi::Value& value);
Napi::Value argument(const Napi::CallbackInfo& info, std::size_t index, const char* name);
Napi::Object object_of(const Napi::Value& value, const std::string& name);
Napi::Array array_of(const Napi::Value& value, const std::string& name);
std::string string_of(const Napi::Value& value, const std::string& name);
bool boolean_of(const Napi::Value& value, const std::string& name);
/** A finite number from `min` to `max`. */
double number_of(const Napi::Value& value, const std::string& name, double min, double max);
/** An integer from `min` to `max`, which must be within 2^53. */
std::int64_t integer_of(const Napi::Value& value, const std::string& name, std::int64_t min, std::int64_t max);
int device_of(const Napi::Value& value, const std::string& name);
/** A copy of a Uint8Array. */
Bytes bytes_of(const Napi::Value& value, const std::string& name);
/** An array of at most 8 dimensions of at least 0. */
Shape shape_of(const Napi::Value& value, const std::string& name);

/** The memory behind an ArrayBufferView. */
struct View {
  const void* data;
  std::size_t size_bytes;
};
View view_of(const Napi::Value& value, const std::string& name);

/** The argument of TensorrtLibrary.build, copied. */
BuildRequest build_request_of(const Napi::Value& value);

}  // namespace calib::tensorrt::addon
