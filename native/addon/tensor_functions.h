#pragma once

#include <napi.h>

#include "../core/tensor_counts.h"

namespace calib::addon {

/** The functions fingerprint and channelMaxima of index.d.ts, [sync]. */
Napi::Value fingerprint(const Napi::CallbackInfo& info);
Napi::Value channel_maxima(const Napi::CallbackInfo& info);

Napi::Value fingerprint_value(Napi::Env env, const Fingerprint& found);
Napi::Value float32_values(Napi::Env env, const std::vector<float>& values);
std::int64_t integer_argument(const Napi::Value& value, const std::string& name);
/** An argument that is an array of integers. */
std::vector<std::int64_t> integers_argument(const Napi::Value& value, const std::string& name);

}  // namespace calib::addon
