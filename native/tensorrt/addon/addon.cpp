#include <napi.h>

#include "../core/gpu_device.h"
#include "async_call.h"
#include "objects.h"

namespace calib::tensorrt::addon {

namespace {

Napi::Value number_or_null(Napi::Env env, const std::optional<double>& value) {
  return value ? Napi::Value(Napi::Number::New(env, *value)) : env.Null();
}

/** [sync] */
Napi::Value devices(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const std::vector<GpuDevice> found = list_devices();
    Napi::Array list = Napi::Array::New(env, found.size());
    for (std::uint32_t i = 0; i < found.size(); ++i) {
      Napi::Object device = Napi::Object::New(env);
      device.Set("index", Napi::Number::New(env, found[i].index));
      device.Set("name", Napi::String::New(env, found[i].name));
      device.Set("uuid", Napi::String::New(env, found[i].uuid));
      device.Set("computeCapability", Napi::String::New(env, found[i].compute_capability));
      device.Set("memoryBytes", Napi::Number::New(env, static_cast<double>(found[i].memory_bytes)));
      device.Set("driverVersion", Napi::String::New(env, found[i].driver_version));
      list[i] = device;
    }
    return list;
  });
}

/** [sync] */
Napi::Value readings(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const GpuReadings read = read_gpu(device_of(argument(info, 0, "device"), "device"));
    Napi::Object object = Napi::Object::New(env);
    object.Set("smClockMhz", number_or_null(env, read.sm_clock_mhz));
    object.Set("memoryClockMhz", number_or_null(env, read.memory_clock_mhz));
    object.Set("temperatureC", number_or_null(env, read.temperature_celsius));
    object.Set("powerW", number_or_null(env, read.power_watts));
    object.Set("usedMemoryBytes", number_or_null(env, read.used_memory_bytes));
    object.Set("driver", read.driver ? Napi::Value(Napi::String::New(env, *read.driver)) : env.Null());
    object.Set("throttleReasons", env.Null());
    if (read.throttle_reasons) {
      Napi::Array reasons = Napi::Array::New(env, read.throttle_reasons->size());
      for (std::uint32_t i = 0; i < read.throttle_reasons->size(); ++i)
        reasons[i] = Napi::String::New(env, (*read.throttle_reasons)[i]);
      object.Set("throttleReasons", reasons);
    }
    return object;
  });
}

/** [sync] */
Napi::Value create_cancel_token(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return CancelTokenObject::make(environment_of(info.Env()).cancel_token, std::make_shared<std::atomic<bool>>(false));
  });
}

/** [sync] */
Napi::Value open(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Object paths = object_of(argument(info, 0, "paths"), "paths");
    const std::string nvinfer = string_of(paths.Get("nvinfer"), "paths.nvinfer");
    const Napi::Value parser = paths.Get("parser");
    const auto library = Library::open(
        nvinfer, is_absent(parser) ? std::nullopt : std::optional<std::string>(string_of(parser, "paths.parser")));
    Environment& environment = environment_of(info.Env());
    if (environment.opened_native != library.get()) {
      environment.opened = Napi::Persistent(LibraryObject::make(environment.library, library));
      environment.opened_native = library.get();
    }
    return environment.opened.Value();
  });
}

/** Ends all open calls when the JavaScript process emits 'exit'. */
void end_calls_at_exit(Napi::Env env) {
  const Napi::Value process = env.Global().Get("process");
  if (!process.IsObject()) return;
  const Napi::Value once = process.As<Napi::Object>().Get("once");
  if (!once.IsFunction()) return;
  const Napi::Function listener =
      Napi::Function::New(env, [](const Napi::CallbackInfo& info) { AsyncCall::end_all(info.Env()); });
  once.As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), listener});
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>();
  environment->cancel_token = Napi::Persistent(CancelTokenObject::define(env));
  environment->library = Napi::Persistent(LibraryObject::define(env));
  environment->engine = Napi::Persistent(EngineObject::define(env));
  environment->runner = Napi::Persistent(RunnerObject::define(env));
  // The environment owns and deletes it.
  env.SetInstanceData(environment.release());
  end_calls_at_exit(env);
  exports.Set("major", Napi::Number::New(env, NV_TENSORRT_MAJOR));
  exports.Set("devices", Napi::Function::New(env, devices, "devices"));
  exports.Set("readings", Napi::Function::New(env, readings, "readings"));
  exports.Set("createCancelToken", Napi::Function::New(env, create_cancel_token, "createCancelToken"));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  return exports;
}

}  // namespace

NODE_API_MODULE(calib_tensorrt, initialize)

}  // namespace calib::tensorrt::addon
