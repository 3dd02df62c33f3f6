#include "arguments.h"

#include <cmath>

#include "../core/codes.h"

namespace calib::tensorrt::addon {

namespace {

constexpr std::int64_t kMaxDimension = 2147483647;
constexpr std::uint32_t kMaxDimensions = 8;
constexpr int kMaxDevice = 1023;

[[noreturn]] void refuse(const std::string& name, const std::string& expected) {
  throw Error(kWrongArgument, "Expected " + name + " to be " + expected);
}

std::string range_text(double min, double max) {
  const auto text = [](double value) {
    return std::abs(value) < 9007199254740992.0 && value == std::floor(value)
               ? std::to_string(static_cast<std::int64_t>(value))
               : std::to_string(value);
  };
  return "from " + text(min) + " to " + text(max);
}

}  // namespace

bool is_absent(const Napi::Value& value) {
  return value.IsUndefined() || value.IsNull();
}

Napi::Value argument(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  if (index >= info.Length())
    throw Error(kWrongArgument, std::string("Expected argument ") + name + ", but it is missing");
  return info[index];
}

Napi::Object object_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject() || value.IsFunction()) refuse(name, "an object");
  return value.As<Napi::Object>();
}

Napi::Array array_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsArray()) refuse(name, "an array");
  return value.As<Napi::Array>();
}

std::string string_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) refuse(name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) refuse(name, "a string without NUL");
  return text;
}

bool boolean_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsBoolean()) refuse(name, "true or false");
  return value.As<Napi::Boolean>().Value();
}

double number_of(const Napi::Value& value, const std::string& name, double min, double max) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= min && number <= max)) refuse(name, "a number " + range_text(min, max));
  return number;
}

std::int64_t integer_of(const Napi::Value& value, const std::string& name, std::int64_t min, std::int64_t max) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max) && number == std::floor(number))) {
    refuse(name, "an integer " + range_text(static_cast<double>(min), static_cast<double>(max)));
  }
  return static_cast<std::int64_t>(number);
}

int device_of(const Napi::Value& value, const std::string& name) {
  return static_cast<int>(integer_of(value, name, 0, kMaxDevice));
}

Bytes bytes_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse(name, "a Uint8Array");
  const View view = view_of(value, name);
  const auto* data = static_cast<const std::uint8_t*>(view.data);
  return data == nullptr ? Bytes() : Bytes(data, data + view.size_bytes);
}

Shape shape_of(const Napi::Value& value, const std::string& name) {
  const Napi::Array list = array_of(value, name);
  if (list.Length() > kMaxDimensions) refuse(name, "at most 8 dimensions");
  Shape shape;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list[i];
    shape.push_back(integer_of(entry, name + "[" + std::to_string(i) + "]", 0, kMaxDimension));
  }
  return shape;
}

View view_of(const Napi::Value& value, const std::string& name) {
  void* data = nullptr;
  std::size_t length = 0;
  if (value.IsDataView()) {
    if (napi_get_dataview_info(value.Env(), value, &length, &data, nullptr, nullptr) != napi_ok)
      refuse(name, "a view of memory");
    return {data, length};
  }
  if (!value.IsTypedArray()) refuse(name, "a typed array or a DataView");
  napi_typedarray_type type{};
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok)
    refuse(name, "a view of memory");
  return {data, length * value.As<Napi::TypedArray>().ElementSize()};
}

}  // namespace calib::tensorrt::addon
