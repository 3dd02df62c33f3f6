#include "histogram_set.h"

#include <algorithm>

#include "../core/histogram_codec.h"
#include "arguments.h"
#include "pieces.h"

namespace calib::addon {

namespace {

constexpr std::size_t kMaxTensors = 1000000;

Napi::Float64Array counts_array(Napi::Env env, const std::vector<std::uint64_t>& bins) {
  Napi::Float64Array array = Napi::Float64Array::New(env, kBinCount);
  std::fill_n(array.Data(), kBinCount, 0.0);
  std::transform(bins.begin(), bins.end(), array.Data(),
                 [](std::uint64_t count) { return static_cast<double>(count); });
  return array;
}

}  // namespace

Napi::Function HistogramSet::define(Napi::Env env) {
  return DefineClass(env, "HistogramSet",
                     {
                         InstanceMethod<&HistogramSet::add_image>("addImage"),
                         InstanceMethod<&HistogramSet::non_finite_of>("nonFiniteOf"),
                         InstanceMethod<&HistogramSet::histogram>("histogram"),
                         InstanceMethod<&HistogramSet::encode>("encode"),
                         InstanceMethod<&HistogramSet::merge_encoded>("mergeEncoded"),
                         InstanceMethod<&HistogramSet::clear>("clear"),
                     });
}

HistogramSet::HistogramSet(const Napi::CallbackInfo& info) : Napi::ObjectWrap<HistogramSet>(info) {
  guarded(info.Env(), [&] {
    histograms_.resize(index_argument(argument(info, 0, "tensorCount"), "tensorCount", kMaxTensors + 1));
  });
}

std::size_t HistogramSet::tensor_of(const Napi::CallbackInfo& info) const {
  return index_argument(argument(info, 0, "tensor"), "tensor", histograms_.size());
}

Napi::Value HistogramSet::add_image(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<Piece> pieces = pieces_argument(info, histograms_.size());
    Napi::Float32Array amax_out = amax_argument(info, histograms_.size());
    float* amax = pieces.empty() ? nullptr : amax_out.Data();
    std::uint32_t tensors_with_non_finite = 0;
    for (const Piece& piece : pieces) {
      Histogram& histogram = histograms_[piece.tensor];
      const std::uint64_t before = histogram.non_finite_count();
      amax[piece.tensor] = accumulator_.add(histogram, piece.values, piece.count).amax;
      if (histogram.non_finite_count() != before) ++tensors_with_non_finite;
    }
    return Napi::Number::New(info.Env(), tensors_with_non_finite);
  });
}

Napi::Value HistogramSet::non_finite_of(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(histograms_[tensor_of(info)].non_finite_count()));
  });
}

Napi::Value HistogramSet::histogram(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Histogram& histogram = histograms_[tensor_of(info)];
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("exponent", histogram.exponent);
    result.Set("positive", counts_array(info.Env(), histogram.positive));
    result.Set("negative", counts_array(info.Env(), histogram.negative));
    result.Set("zeroCount", static_cast<double>(histogram.zero_count));
    result.Set("nanCount", static_cast<double>(histogram.nan_count));
    result.Set("infinityCount", static_cast<double>(histogram.infinity_count));
    result.Set("elementCount", static_cast<double>(histogram.element_count()));
    result.Set("min", static_cast<double>(histogram.min));
    result.Set("max", static_cast<double>(histogram.max));
    return result;
  });
}

Napi::Value HistogramSet::encode(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<std::uint8_t> record = encode_histogram(histograms_[tensor_of(info)]);
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), record.size());
    std::copy(record.begin(), record.end(), bytes.Data());
    return bytes;
  });
}

Napi::Value HistogramSet::merge_encoded(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::size_t tensor = tensor_of(info);
    Napi::Uint8Array record = bytes_argument(argument(info, 1, "record"), "record");
    histograms_[tensor].merge(decode_histogram(record.Data(), record.ElementLength()));
    return info.Env().Undefined();
  });
}

Napi::Value HistogramSet::clear(const Napi::CallbackInfo& info) {
  for (Histogram& histogram : histograms_) histogram.clear();
  return info.Env().Undefined();
}

}  // namespace calib::addon
