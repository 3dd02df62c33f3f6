#include <napi.h>

#include <cmath>
#include <utility>

#include "../core/entropy_search.h"
#include "../core/histogram_codec.h"
#include "../core/quantization_error.h"
#include "../core/thresholds.h"
#include "../core/vulkan_devices.h"
#include "arguments.h"
#include "histogram_set.h"
#include "tensorrt_grid_set.h"

namespace calib::addon {

namespace {

constexpr const char* kVersion = "1.0.0";

Histogram record_argument(const Napi::CallbackInfo& info) {
  Napi::Uint8Array record = bytes_argument(argument(info, 0, "record"), "record");
  return decode_histogram(record.Data(), record.ElementLength());
}

std::vector<double> percentiles_argument(const Napi::Value& value) {
  if (!value.IsArray()) throw Error(kInvalidArgument, "Expected percentiles to be an array");
  const Napi::Array list = value.As<Napi::Array>();
  std::vector<double> percentiles;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list[i];
    const double percent = number_argument(entry, "percentiles[" + std::to_string(i) + "]");
    if (!(percent > 0.0 && percent <= 100.0))
      throw Error(kInvalidArgument, "Expected a percentile above 0 and at most 100, found " + std::to_string(percent));
    percentiles.push_back(percent);
  }
  return percentiles;
}

/** [sync] */
Napi::Value thresholds_of_record(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const Thresholds thresholds =
        thresholds_of(fold_histogram(record_argument(info)), percentiles_argument(argument(info, 1, "percentiles")));
    Napi::Array percentiles = Napi::Array::New(env, thresholds.percentiles.size());
    for (std::uint32_t i = 0; i < thresholds.percentiles.size(); ++i)
      percentiles[i] = Napi::Number::New(env, thresholds.percentiles[i]);
    Napi::Object result = Napi::Object::New(env);
    result.Set("minmax", thresholds.minmax);
    result.Set("entropy", thresholds.entropy);
    result.Set("entropyIndex",
               thresholds.entropy_index == 0
                   ? env.Null()
                   : Napi::Value(Napi::Number::New(env, static_cast<double>(thresholds.entropy_index))));
    result.Set("percentiles", percentiles);
    result.Set("mse", thresholds.mse);
    return result;
  });
}

/** [sync] */
Napi::Value search_entropy_of_bins(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Value value = argument(info, 0, "bins");
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
        value.As<Napi::TypedArray>().ElementLength() != kEntropyBins) {
      throw Error(kInvalidArgument,
                  "Expected bins to be a Float64Array of " + std::to_string(kEntropyBins) + " counts");
    }
    Napi::Float64Array array = value.As<Napi::Float64Array>();
    std::vector<double> bins(array.Data(), array.Data() + kEntropyBins);
    for (const double count : bins) {
      if (!std::isfinite(count) || count < 0.0)
        throw Error(kInvalidArgument, "Expected bins to hold finite counts that are not negative");
    }
    const auto search = search_entropy(std::move(bins));
    return search ? Napi::Value(Napi::Number::New(info.Env(), static_cast<double>(search->index))) : info.Env().Null();
  });
}

/** [sync] */
Napi::Value evaluate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const double threshold = number_argument(argument(info, 1, "thresholdReal"), "thresholdReal");
    if (!std::isfinite(threshold) || threshold < 0.0)
      throw Error(kInvalidArgument, "Expected thresholdReal to be finite and not negative");
    const ThresholdQuality quality = evaluate_threshold(record_argument(info), threshold);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("sqnrDb", quality.sqnr_db);
    result.Set("clippedFraction", quality.error.clipped_fraction);
    result.Set("roundingMse", quality.error.rounding_mse);
    result.Set("clippingMse", quality.error.clipping_mse);
    result.Set("levelsUsed", quality.levels_used);
    return result;
  });
}

/** [sync] */
Napi::Value vulkan_device_list(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<VulkanDevice> devices = vulkan_devices();
    Napi::Array list = Napi::Array::New(info.Env(), devices.size());
    for (std::uint32_t i = 0; i < devices.size(); ++i) {
      Napi::Object device = Napi::Object::New(info.Env());
      device.Set("name", devices[i].name);
      device.Set("kind", devices[i].kind);
      list[i] = device;
    }
    return list;
  });
}

/** [sync] */
Napi::Value version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), kVersion);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("HistogramSet", HistogramSet::define(env));
  exports.Set("TensorrtGridSet", TensorrtGridSet::define(env));
  exports.Set("thresholdsOf", Napi::Function::New(env, thresholds_of_record, "thresholdsOf"));
  exports.Set("searchEntropy", Napi::Function::New(env, search_entropy_of_bins, "searchEntropy"));
  exports.Set("evaluate", Napi::Function::New(env, evaluate, "evaluate"));
  exports.Set("vulkanDevices", Napi::Function::New(env, vulkan_device_list, "vulkanDevices"));
  exports.Set("version", Napi::Function::New(env, version, "version"));
  return exports;
}

}  // namespace

NODE_API_MODULE(calib, initialize)

}  // namespace calib::addon
