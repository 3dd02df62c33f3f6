#pragma once

#include <napi.h>

#include <vector>

#include "arguments.h"

namespace calib::addon {

/** The piece of one tensor's values that one call of addImage counts. */
struct Piece {
  std::size_t tensor;
  const float* values;
  std::size_t count;
};

/** Checks the arguments (values, part, parts) of addImage and returns the pieces of the tensors that are not null. */
std::vector<Piece> pieces_argument(const Napi::CallbackInfo& info, std::size_t tensor_count);

/** Checks the argument amaxOut of addImage: one entry for each tensor. */
Napi::Float32Array amax_argument(const Napi::CallbackInfo& info, std::size_t tensor_count);

}  // namespace calib::addon
