#include <algorithm>

#include "../core/codes.h"
#include "arguments.h"

namespace calib::tensorrt::addon {

namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 50;
constexpr int kDefaultLevel = 3;
constexpr int kMaxLevel = 5;
constexpr int kMaxAuxiliaryStreams = 1024;

/** Returns the index of `text` in `allowed`; throws wrong-argument if it is not in it. */
std::size_t choice_of(const Napi::Value& value, const std::string& name, const std::vector<std::string>& allowed) {
  const std::string text = string_of(value, name);
  const auto found = std::find(allowed.begin(), allowed.end(), text);
  if (found == allowed.end()) {
    std::string list;
    for (const std::string& entry : allowed) list += (list.empty() ? "" : ", ") + entry;
    throw Error(kWrongArgument, "Expected " + name + " to be one of " + list + ", found \"" + text + "\"");
  }
  return static_cast<std::size_t>(found - allowed.begin());
}

bool optional_boolean(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return !is_absent(value) && boolean_of(value, name);
}

std::optional<Bytes> optional_bytes(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return is_absent(value) ? std::nullopt : std::optional<Bytes>(bytes_of(value, name));
}

std::optional<std::int64_t> optional_integer(const Napi::Object& object, const char* name, std::int64_t max) {
  const Napi::Value value = object.Get(name);
  return is_absent(value) ? std::nullopt : std::optional<std::int64_t>(integer_of(value, name, 0, max));
}

/** Calls `read` for every entry of an optional array. */
template <typename Read>
void each_of(const Napi::Object& object, const char* name, Read read) {
  const Napi::Value value = object.Get(name);
  if (is_absent(value)) return;
  const Napi::Array list = array_of(value, name);
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list[i];
    read(entry, std::string(name) + "[" + std::to_string(i) + "]");
  }
}

LayerRequest layer_of(const Napi::Value& value, const std::string& name) {
  const Napi::Object object = object_of(value, name);
  const std::size_t precision = choice_of(object.Get("precision"), name + ".precision", {"fp32", "fp16", "int8"});
  return {string_of(object.Get("layer"), name + ".layer"), static_cast<LayerPrecision>(precision)};
}

KernelChoice kernel_choice_of(const Napi::Value& value, const std::string& name) {
  const Napi::Object object = object_of(value, name);
  return {string_of(object.Get("layer"), name + ".layer"), string_of(object.Get("formats"), name + ".formats"),
          string_of(object.Get("kernel"), name + ".kernel")};
}

Profile profile_of(const Napi::Value& value, const std::string& name) {
  const Napi::Object inputs = object_of(object_of(value, name).Get("inputs"), name + ".inputs");
  const Napi::Array keys = inputs.GetPropertyNames();
  Profile profile;
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const Napi::Value key = keys[i];
    const std::string input = key.ToString().Utf8Value();
    const std::string path = name + ".inputs[\"" + input + "\"]";
    const Napi::Object shapes = object_of(inputs.Get(key), path);
    profile[input] = {shape_of(shapes.Get("min"), path + ".min"), shape_of(shapes.Get("opt"), path + ".opt"),
                      shape_of(shapes.Get("max"), path + ".max")};
  }
  return profile;
}

}  // namespace

BuildRequest build_request_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "request");
  BuildRequest request;
  request.model = bytes_of(object.Get("model"), "model");
  request.model_path = string_of(object.Get("modelPath"), "modelPath");
  request.device = device_of(object.Get("device"), "device");
  request.is_strongly_typed = choice_of(object.Get("typing"), "typing", {"strong", "weak"}) == 0;
  each_of(object, "precisions", [&](const Napi::Value& entry, const std::string& name) {
    const bool is_fp16 = choice_of(entry, name, {"fp16", "int8"}) == 0;
    (is_fp16 ? request.allows_fp16 : request.allows_int8) = true;
  });
  request.allows_tf32 = optional_boolean(object, "tf32");
  request.allows_sparsity = optional_boolean(object, "sparsity");
  request.calibration_cache = optional_bytes(object, "calibrationCache");
  each_of(object, "layerPrecisions", [&](const Napi::Value& entry, const std::string& name) {
    request.layer_precisions.push_back(layer_of(entry, name));
  });
  request.obeys_precisions = optional_boolean(object, "obeyPrecisions");
  if (const auto bytes = optional_integer(object, "workspaceBytes", kMaxBytes))
    request.workspace_bytes = static_cast<std::uint64_t>(*bytes);
  request.optimization_level =
      static_cast<int>(optional_integer(object, "optimizationLevel", kMaxLevel).value_or(kDefaultLevel));
  if (const auto streams = optional_integer(object, "auxiliaryStreams", kMaxAuxiliaryStreams))
    request.auxiliary_streams = static_cast<int>(*streams);
  request.is_version_compatible = optional_boolean(object, "versionCompatible");
  request.timing_cache = optional_bytes(object, "timingCache");
  each_of(object, "profiles", [&](const Napi::Value& entry, const std::string& name) {
    request.profiles.push_back(profile_of(entry, name));
  });
  if (!is_absent(object.Get("kernels"))) {
    request.kernels.emplace();
    each_of(object, "kernels", [&](const Napi::Value& entry, const std::string& name) {
      request.kernels->push_back(kernel_choice_of(entry, name));
    });
  }
  return request;
}

}  // namespace calib::tensorrt::addon
