#include "async_call.h"
#include "objects.h"

namespace calib::tensorrt::addon {

namespace {

constexpr int kMaxStreams = 64;
constexpr int kMaxProfile = 65535;

Napi::Object range_object(Napi::Env env, const ShapeRange& range) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("min", shape_array(env, range.min));
  object.Set("opt", shape_array(env, range.opt));
  object.Set("max", shape_array(env, range.max));
  return object;
}

Napi::Object tensor_object(Napi::Env env, const IoTensor& tensor) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", Napi::String::New(env, tensor.name));
  object.Set("isInput", Napi::Boolean::New(env, tensor.is_input));
  object.Set("dataType", Napi::String::New(env, type_name(tensor.type)));
  object.Set("shape", shape_array(env, tensor.shape));
  if (!tensor.is_input) return object;
  Napi::Array profiles = Napi::Array::New(env, tensor.profile_shapes.size());
  for (std::uint32_t i = 0; i < tensor.profile_shapes.size(); ++i)
    profiles[i] = range_object(env, tensor.profile_shapes[i]);
  object.Set("profileShapes", profiles);
  return object;
}

RunnerOptions options_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "options");
  RunnerOptions options;
  options.profile = static_cast<int>(integer_of(object.Get("profile"), "profile", 0, kMaxProfile));
  options.streams = static_cast<int>(integer_of(object.Get("streams"), "streams", 1, kMaxStreams));
  const Napi::Object shapes = object_of(object.Get("shapes"), "shapes");
  const Napi::Array keys = shapes.GetPropertyNames();
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const Napi::Value key = keys[i];
    const std::string name = key.ToString().Utf8Value();
    options.shapes[name] = shape_of(shapes.Get(key), "shapes[\"" + name + "\"]");
  }
  return options;
}

}  // namespace

Napi::Array shape_array(Napi::Env env, const Shape& shape) {
  Napi::Array array = Napi::Array::New(env, shape.size());
  for (std::uint32_t i = 0; i < shape.size(); ++i) array[i] = Napi::Number::New(env, static_cast<double>(shape[i]));
  return array;
}

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "Engine",
                     {
                         InstanceMethod<&EngineObject::inspect>("inspect"),
                         InstanceMethod<&EngineObject::create_runner>("createRunner"),
                         InstanceMethod<&EngineObject::close>("close"),
                     });
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Wrapped(info) {
  const Napi::Env env = info.Env();
  Napi::Array io = Napi::Array::New(env, native_->io().size());
  for (std::uint32_t i = 0; i < native_->io().size(); ++i) io[i] = tensor_object(env, native_->io()[i]);
  constant(info, "io", io);
  constant(info, "profiles", Napi::Number::New(env, native_->profile_count()));
  constant(info, "deviceMemoryBytes", Napi::Number::New(env, static_cast<double>(native_->context_memory_bytes())));
  constant(info, "layers", Napi::Number::New(env, native_->layer_count()));
  constant(info, "name", Napi::String::New(env, native_->name()));
}

std::shared_ptr<Engine> EngineObject::open_engine() const {
  if (!native_) throw Error(kWrongArgument, "The engine is closed");
  return native_;
}

/** [sync] */
Napi::Value EngineObject::inspect(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value { return Napi::String::New(info.Env(), open_engine()->inspect()); });
}

/** [async] */
Napi::Value EngineObject::create_runner(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const RunnerOptions options = options_of(argument(info, 0, "options"));
    const auto runner = std::make_shared<std::shared_ptr<Runner>>();
    AsyncCall::Parts parts;
    parts.work = [engine = open_engine(), options, runner](AsyncCall&) {
      *runner = std::make_shared<Runner>(engine, options);
    };
    parts.finish = [runner](Napi::Env env) {
      return RunnerObject::make(environment_of(env).runner, std::move(*runner));
    };
    return AsyncCall::start(info.Env(), std::move(parts));
  });
}

/** [sync] */
Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  native_.reset();
  return info.Env().Undefined();
}

}  // namespace calib::tensorrt::addon
