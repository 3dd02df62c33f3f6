#pragma once

#include <napi.h>

#include <cstdint>
#include <new>
#include <string>

#include "../core/error.h"

namespace calib::addon {

/** Runs `body` and turns errors of core into a JavaScript Error with `code`. */
template <typename Body>
auto guarded(const Napi::Env& env, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    Napi::Error thrown = Napi::Error::New(env, error.what());
    thrown.Set("code", error.code());
    throw thrown;
  } catch (const std::bad_alloc&) {
    Napi::Error thrown = Napi::Error::New(env, "Not enough memory for the histograms");
    thrown.Set("code", "out-of-memory");
    throw thrown;
  }
}

inline Napi::Value argument(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  if (index >= info.Length())
    throw Error(kInvalidArgument, std::string("Expected argument ") + name + ", but it is missing");
  return info[index];
}

inline double number_argument(const Napi::Value& value, const std::string& name) {
  if (!value.IsNumber()) throw Error(kInvalidArgument, "Expected " + name + " to be a number");
  return value.As<Napi::Number>().DoubleValue();
}

inline std::string text_argument(const Napi::Value& value, const std::string& name) {
  if (!value.IsString()) throw Error(kInvalidArgument, "Expected " + name + " to be a string");
  return value.As<Napi::String>().Utf8Value();
}

/** An integer in [0, limit). */
inline std::size_t index_argument(const Napi::Value& value, const std::string& name, std::size_t limit) {
  const double number = number_argument(value, name);
  if (!(number >= 0.0) || number >= static_cast<double>(limit) ||
      number != static_cast<double>(static_cast<std::uint64_t>(number))) {
    throw Error(kInvalidArgument,
                "Expected " + name + " to be an integer from 0 to " + std::to_string(limit) + " (exclusive)");
  }
  return static_cast<std::size_t>(number);
}

inline Napi::Float32Array float32_argument(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    throw Error(kInvalidArgument, "Expected " + name + " to be a Float32Array");
  }
  return value.As<Napi::Float32Array>();
}

inline Napi::Uint8Array bytes_argument(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Error(kInvalidArgument, "Expected " + name + " to be a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

}  // namespace calib::addon
