#include <napi.h>

#include <cstdint>
#include <vector>

#include "../core/vulkan_devices.h"
#include "../ort/api.h"
#include "arguments.h"
#include "collector.h"
#include "histogram_set.h"
#include "images.h"
#include "openvino_model.h"
#include "tensor_functions.h"
#include "tensorrt_grid_set.h"

namespace calib::addon {

namespace {

constexpr const char* kVersion = "1.0.0";

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
Napi::Value check_onnxruntime(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    ort::functions_of(text_argument(argument(info, 0, "library"), "library"),
                      text_argument(argument(info, 1, "version"), "version"));
    return info.Env().Undefined();
  });
}

/** [sync] */
Napi::Value version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), kVersion);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("HistogramSet", HistogramSet::define(env));
  exports.Set("TensorrtGridSet", TensorrtGridSet::define(env));
  exports.Set("resizeImage", Napi::Function::New(env, resize_image_of, "resizeImage"));
  exports.Set("imageValues", Napi::Function::New(env, values_of_image, "imageValues"));
  exports.Set("Collector", Collector::define(env));
  exports.Set("writeOptimizedModel", Napi::Function::New(env, write_optimized_model, "writeOptimizedModel"));
  exports.Set("checkOnnxruntime", Napi::Function::New(env, check_onnxruntime, "checkOnnxruntime"));
  exports.Set("openvinoStatus", Napi::Function::New(env, openvino_status, "openvinoStatus"));
  exports.Set("OpenvinoModel", OpenvinoModel::define(env));
  exports.Set("fingerprint", Napi::Function::New(env, fingerprint, "fingerprint"));
  exports.Set("channelMaxima", Napi::Function::New(env, channel_maxima, "channelMaxima"));
  exports.Set("vulkanDevices", Napi::Function::New(env, vulkan_device_list, "vulkanDevices"));
  exports.Set("version", Napi::Function::New(env, version, "version"));
  return exports;
}

}  // namespace

NODE_API_MODULE(calib, initialize)

}  // namespace calib::addon
