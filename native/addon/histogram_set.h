#pragma once

#include <napi.h>

#include <vector>

#include "../core/accumulator.h"
#include "../core/histogram.h"

namespace calib::addon {

/** The class HistogramSet of index.d.ts. Every method is [sync]. */
class HistogramSet : public Napi::ObjectWrap<HistogramSet> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit HistogramSet(const Napi::CallbackInfo& info);

 private:
  Napi::Value add_image(const Napi::CallbackInfo& info);
  Napi::Value non_finite_of(const Napi::CallbackInfo& info);
  Napi::Value histogram(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value merge_encoded(const Napi::CallbackInfo& info);
  Napi::Value clear(const Napi::CallbackInfo& info);

  std::size_t tensor_of(const Napi::CallbackInfo& info) const;

  Accumulator accumulator_;
  std::vector<Histogram> histograms_;
};

}  // namespace calib::addon
