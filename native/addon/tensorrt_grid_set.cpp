#include "tensorrt_grid_set.h"

#include <algorithm>

#include "arguments.h"
#include "pieces.h"

namespace calib::addon {

Napi::Function TensorrtGridSet::define(Napi::Env env) {
  return DefineClass(env, "TensorrtGridSet",
                     {
                         InstanceMethod<&TensorrtGridSet::add_image>("addImage"),
                         InstanceMethod<&TensorrtGridSet::non_finite_of>("nonFiniteOf"),
                         InstanceMethod<&TensorrtGridSet::grid>("grid"),
                         InstanceMethod<&TensorrtGridSet::encode>("encode"),
                         InstanceMethod<&TensorrtGridSet::merge_encoded>("mergeEncoded"),
                         InstanceMethod<&TensorrtGridSet::clear>("clear"),
                     });
}

TensorrtGridSet::TensorrtGridSet(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TensorrtGridSet>(info) {
  guarded(info.Env(), [&] {
    Napi::Float32Array first = float32_argument(argument(info, 0, "firstAmax"), "firstAmax");
    grids_.reserve(first.ElementLength());
    for (std::size_t i = 0; i < first.ElementLength(); ++i) grids_.emplace_back(first[i]);
  });
}

std::size_t TensorrtGridSet::tensor_of(const Napi::CallbackInfo& info) const {
  return index_argument(argument(info, 0, "tensor"), "tensor", grids_.size());
}

Napi::Value TensorrtGridSet::add_image(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<Piece> pieces = pieces_argument(info, grids_.size());
    Napi::Float32Array amax_out = amax_argument(info, grids_.size());
    std::uint32_t tensors_with_non_finite = 0;
    for (const Piece& piece : pieces) {
      TensorrtGrid& grid = grids_[piece.tensor];
      const std::uint64_t before = grid.non_finite_count;
      amax_out[piece.tensor] = grid.add(piece.values, piece.count);
      if (grid.non_finite_count != before) ++tensors_with_non_finite;
    }
    return Napi::Number::New(info.Env(), tensors_with_non_finite);
  });
}

Napi::Value TensorrtGridSet::non_finite_of(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(grids_[tensor_of(info)].non_finite_count));
  });
}

Napi::Value TensorrtGridSet::grid(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const TensorrtGrid& grid = grids_[tensor_of(info)];
    Napi::Float64Array counts = Napi::Float64Array::New(info.Env(), kGridBins);
    std::transform(grid.counts.begin(), grid.counts.end(), counts.Data(),
                   [](std::uint64_t count) { return static_cast<double>(count); });
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("firstRange", static_cast<double>(grid.first_range));
    result.Set("range", static_cast<double>(grid.range()));
    result.Set("amax", static_cast<double>(grid.amax));
    result.Set("counts", counts);
    return result;
  });
}

Napi::Value TensorrtGridSet::encode(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<std::uint8_t> record = encode_grid(grids_[tensor_of(info)]);
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), record.size());
    std::copy(record.begin(), record.end(), bytes.Data());
    return bytes;
  });
}

Napi::Value TensorrtGridSet::merge_encoded(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::size_t tensor = tensor_of(info);
    Napi::Uint8Array record = bytes_argument(argument(info, 1, "record"), "record");
    grids_[tensor].merge(decode_grid(record.Data(), record.ElementLength()));
    return info.Env().Undefined();
  });
}

Napi::Value TensorrtGridSet::clear(const Napi::CallbackInfo& info) {
  for (TensorrtGrid& grid : grids_) grid.clear();
  return info.Env().Undefined();
}

}  // namespace calib::addon
