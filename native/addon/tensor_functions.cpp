#include "tensor_functions.h"

#include <algorithm>
#include <cmath>

#include "arguments.h"

namespace calib::addon {

namespace {

constexpr double kLargestInteger = 9007199254740991.0;
constexpr std::size_t kMaxSlots = std::size_t{1} << 31;

}  // namespace

std::int64_t integer_argument(const Napi::Value& value, const std::string& name) {
  const double number = number_argument(value, name);
  if (number != std::floor(number) || std::fabs(number) > kLargestInteger)
    throw Error(kInvalidArgument, "Expected " + name + " to be an integer");
  return static_cast<std::int64_t>(number);
}

std::vector<std::int64_t> integers_argument(const Napi::Value& value, const std::string& name) {
  if (!value.IsArray()) throw Error(kInvalidArgument, "Expected " + name + " to be an array");
  const Napi::Array list = value.As<Napi::Array>();
  std::vector<std::int64_t> integers;
  for (std::uint32_t i = 0; i < list.Length(); ++i) integers.push_back(integer_argument(list[i], name));
  return integers;
}

Napi::Value fingerprint_value(Napi::Env env, const Fingerprint& found) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("count", static_cast<double>(found.count));
  object.Set("whole", Napi::BigInt::New(env, found.whole));
  object.Set("head", Napi::BigInt::New(env, found.head));
  return object;
}

Napi::Value float32_values(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

Napi::Value fingerprint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Float32Array values = float32_argument(argument(info, 0, "values"), "values");
    const std::size_t slots = index_argument(argument(info, 1, "slots"), "slots", kMaxSlots);
    if (slots == 0) throw Error(kInvalidArgument, "Expected slots to be at least 1");
    return fingerprint_value(info.Env(), fingerprint_of(values.Data(), values.ElementLength(), slots));
  });
}

Napi::Value channel_maxima(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Float32Array values = float32_argument(argument(info, 0, "values"), "values");
    const TensorView view{values.Data(), integers_argument(argument(info, 1, "dims"), "dims")};
    if (view.count() != values.ElementLength())
      throw Error(kInvalidArgument, "Expected values with one element for each position of dims");
    ChannelMaxima maxima;
    maxima.add(view.values, view.dims, view.block, integer_argument(argument(info, 2, "axis"), "axis"));
    return float32_values(info.Env(), maxima.values());
  });
}

}  // namespace calib::addon
