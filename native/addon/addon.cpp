#include <napi.h>

#include <cmath>

#include "../core/histogram_codec.h"
#include "../core/quantization_error.h"
#include "../core/thresholds.h"
#include "arguments.h"
#include "histogram_set.h"

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
    if (!(percent > 0.0 && percent <= 100.0)) throw Error(kInvalidArgument, "Expected a percentile above 0 and at most 100, found " + std::to_string(percent));
    percentiles.push_back(percent);
  }
  return percentiles;
}

/** [sync] */
Napi::Value thresholds_of_record(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const Thresholds thresholds = thresholds_of(fold_histogram(record_argument(info)), percentiles_argument(argument(info, 1, "percentiles")));
    Napi::Array percentiles = Napi::Array::New(env, thresholds.percentiles.size());
    for (std::uint32_t i = 0; i < thresholds.percentiles.size(); ++i) percentiles[i] = Napi::Number::New(env, thresholds.percentiles[i]);
    Napi::Object result = Napi::Object::New(env);
    result.Set("minmax", thresholds.minmax);
    result.Set("entropy", thresholds.entropy);
    result.Set("entropyIndex", thresholds.entropy_index == 0 ? env.Null() : Napi::Value(Napi::Number::New(env, static_cast<double>(thresholds.entropy_index))));
    result.Set("percentiles", percentiles);
    result.Set("mse", thresholds.mse);
    return result;
  });
}

/** [sync] */
Napi::Value evaluate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const double threshold = number_argument(argument(info, 1, "thresholdReal"), "thresholdReal");
    if (!std::isfinite(threshold) || threshold < 0.0) throw Error(kInvalidArgument, "Expected thresholdReal to be finite and not negative");
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
Napi::Value version(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), kVersion); }

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("HistogramSet", HistogramSet::define(env));
  exports.Set("thresholdsOf", Napi::Function::New(env, thresholds_of_record, "thresholdsOf"));
  exports.Set("evaluate", Napi::Function::New(env, evaluate, "evaluate"));
  exports.Set("version", Napi::Function::New(env, version, "version"));
  return exports;
}

}  // namespace

NODE_API_MODULE(calib, initialize)

}  // namespace calib::addon
