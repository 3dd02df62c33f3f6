#pragma once

#include <napi.h>

#include <vector>

#include "../core/tensorrt_grid.h"

namespace calib::addon {

/** The class TensorrtGridSet of index.d.ts. Every method is [sync]. */
class TensorrtGridSet : public Napi::ObjectWrap<TensorrtGridSet> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit TensorrtGridSet(const Napi::CallbackInfo& info);

 private:
  Napi::Value add_image(const Napi::CallbackInfo& info);
  Napi::Value non_finite_of(const Napi::CallbackInfo& info);
  Napi::Value grid(const Napi::CallbackInfo& info);
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value merge_encoded(const Napi::CallbackInfo& info);
  Napi::Value clear(const Napi::CallbackInfo& info);

  std::size_t tensor_of(const Napi::CallbackInfo& info) const;

  std::vector<TensorrtGrid> grids_;
};

}  // namespace calib::addon
