#pragma once

#include <napi.h>

#include <vector>

#include "arguments.h"

namespace calib::addon {

/** One tensor's piece of an image. */
struct Piece {
  std::size_t tensor;
  const float* values;
  std::size_t count;
};

/** Arguments (values, part, parts) of addImage, checked: the pieces of the tensors that are not null. */
std::vector<Piece> pieces_argument(const Napi::CallbackInfo& info, std::size_t tensor_count);

/** Argument amaxOut of addImage: one entry for each tensor. */
Napi::Float32Array amax_argument(const Napi::CallbackInfo& info, std::size_t tensor_count);

}  // namespace calib::addon
