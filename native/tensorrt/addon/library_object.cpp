#include "../core/builder.h"
#include "async_call.h"
#include "objects.h"

namespace calib::tensorrt::addon {

namespace {

Napi::Uint8Array array_of_bytes(Napi::Env env, const Bytes& bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), array.Data());
  return array;
}

Napi::Object progress_object(Napi::Env env, const BuildProgress& progress) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("phase", Napi::String::New(env, progress.phase));
  object.Set("parentPhase",
             progress.parent_phase.empty() ? env.Null() : Napi::Value(Napi::String::New(env, progress.parent_phase)));
  object.Set("step", Napi::Number::New(env, progress.step));
  object.Set("steps", Napi::Number::New(env, progress.steps));
  return object;
}

Napi::Array kernels_array(Napi::Env env, const std::vector<LayerKernels>& layers) {
  Napi::Array list = Napi::Array::New(env, layers.size());
  for (std::uint32_t i = 0; i < layers.size(); ++i) {
    const LayerKernels& layer = layers[i];
    Napi::Array offered = Napi::Array::New(env, layer.offered.size());
    for (std::uint32_t k = 0; k < layer.offered.size(); ++k) {
      Napi::Object kernel = Napi::Object::New(env);
      kernel.Set("formats", layer.offered[k].formats);
      kernel.Set("kernel", layer.offered[k].kernel);
      kernel.Set("ms", Napi::Number::New(env, layer.offered[k].ms));
      offered[k] = kernel;
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("layer", layer.layer);
    object.Set("offered", offered);
    object.Set("chosen",
               layer.chosen ? Napi::Value(Napi::Number::New(env, static_cast<double>(*layer.chosen))) : env.Null());
    list[i] = object;
  }
  return list;
}

Napi::Value built_object(Napi::Env env, const BuiltEngine& built) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("engine", array_of_bytes(env, built.engine));
  object.Set("timingCache", built.timing_cache ? Napi::Value(array_of_bytes(env, *built.timing_cache)) : env.Null());
  object.Set("seconds", Napi::Number::New(env, built.seconds));
  object.Set("log", log_array(env, built.log));
  Napi::Array ignored = Napi::Array::New(env, built.ignored_layers.size());
  for (std::uint32_t i = 0; i < built.ignored_layers.size(); ++i)
    ignored[i] = Napi::String::New(env, built.ignored_layers[i]);
  object.Set("ignoredLayers", ignored);
  object.Set("kernels", built.kernels ? Napi::Value(kernels_array(env, *built.kernels)) : env.Null());
  return object;
}

}  // namespace

Napi::Function LibraryObject::define(Napi::Env env) {
  return DefineClass(env, "TensorrtLibrary",
                     {InstanceMethod<&LibraryObject::build>("build"), InstanceMethod<&LibraryObject::load>("load")});
}

LibraryObject::LibraryObject(const Napi::CallbackInfo& info) : Wrapped(info) {
  constant(info, "version", Napi::String::New(info.Env(), native_->version()));
}

/** [async] */
Napi::Value LibraryObject::build(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto request = std::make_shared<const BuildRequest>(build_request_of(argument(info, 0, "request")));
    const Napi::Value callback = argument(info, 1, "onProgress");
    if (!callback.IsFunction()) throw Error(kWrongArgument, "Expected onProgress to be a function");
    const CancelFlag token = CancelTokenObject::flag_of(argument(info, 2, "token"));
    // Each build has its own flag, because abandoning it must not cancel the other builds of its token.
    const auto abandoned = std::make_shared<std::atomic<bool>>(false);
    const auto on_progress = std::make_shared<Napi::FunctionReference>(Napi::Persistent(callback.As<Napi::Function>()));
    const auto built = std::make_shared<BuiltEngine>();
    AsyncCall::Parts parts;
    parts.work = [library = native_, request, token, abandoned, on_progress, built](AsyncCall& call) {
      const auto post = [&call, on_progress](const BuildProgress& progress) {
        call.post([on_progress, progress](Napi::Env env) { on_progress->Call({progress_object(env, progress)}); });
      };
      *built = build_engine(*library, *request, post, {token, abandoned});
    };
    parts.finish = [built](Napi::Env env) { return built_object(env, *built); };
    parts.abandon = [abandoned] { *abandoned = true; };
    return AsyncCall::start(info.Env(), std::move(parts));
  });
}

/** [async] */
Napi::Value LibraryObject::load(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto bytes = std::make_shared<const Bytes>(bytes_of(argument(info, 0, "engine"), "engine"));
    const int device = device_of(argument(info, 1, "device"), "device");
    const auto engine = std::make_shared<std::shared_ptr<Engine>>();
    AsyncCall::Parts parts;
    parts.work = [library = native_, bytes, device, engine](AsyncCall&) {
      *engine = Engine::load(library, *bytes, device);
    };
    parts.finish = [engine](Napi::Env env) {
      return EngineObject::make(environment_of(env).engine, std::move(*engine));
    };
    return AsyncCall::start(info.Env(), std::move(parts));
  });
}

}  // namespace calib::tensorrt::addon
