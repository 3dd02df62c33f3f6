#include <algorithm>
#include <cstring>

#include "async_call.h"
#include "objects.h"

namespace calib::tensorrt::addon {

namespace {

constexpr double kMaxMilliseconds = 3600000.0;
constexpr std::int64_t kMaxRuns = 10000000;
constexpr std::int64_t kMaxProfiledRuns = 100000;

std::uint64_t runs_of(const Napi::Value& value, std::int64_t max) {
  return static_cast<std::uint64_t>(integer_of(value, "runs", 1, max));
}

TimingOptions timing_options_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "options");
  TimingOptions options;
  options.warm_up_ms = number_of(object.Get("warmUpMs"), "warmUpMs", 0.0, kMaxMilliseconds);
  options.runs = runs_of(object.Get("runs"), kMaxRuns);
  options.min_ms = number_of(object.Get("minMs"), "minMs", 0.0, kMaxMilliseconds);
  options.uses_cuda_graph = boolean_of(object.Get("cudaGraph"), "cudaGraph");
  options.has_transfers = boolean_of(object.Get("transfers"), "transfers");
  return options;
}

/** The values of an object by name. Reading them may run arbitrary JavaScript. */
std::map<std::string, Napi::Value> values_of(const Napi::Value& value, const std::string& name) {
  const Napi::Object object = object_of(value, name);
  const Napi::Array keys = object.GetPropertyNames();
  std::map<std::string, Napi::Value> values;
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const Napi::Value key = keys[i];
    values[key.ToString().Utf8Value()] = object.Get(key);
  }
  return values;
}

void copy_inputs(const Runner& runner, const std::map<std::string, Napi::Value>& values) {
  std::vector<std::pair<const Binding*, View>> copies;
  for (const Binding& binding : runner.bindings()) {
    if (!binding.is_input) continue;
    const auto found = values.find(binding.name);
    if (found == values.end()) throw Error(kWrongArgument, "Expected a value for input \"" + binding.name + "\"");
    const View view = view_of(found->second, "input \"" + binding.name + "\"");
    if (view.size_bytes != binding.size_bytes) {
      throw Error(kWrongArgument, "Expected " + std::to_string(binding.size_bytes) + " bytes for input \"" +
                                      binding.name + "\" (" + type_name(binding.type) + " " +
                                      shape_text(binding.shape) + "), found " + std::to_string(view.size_bytes));
    }
    copies.emplace_back(&binding, view);
  }
  for (const auto& entry : values) {
    const auto is_it = [&](const auto& copy) { return copy.first->name == entry.first; };
    if (std::none_of(copies.begin(), copies.end(), is_it))
      throw Error(kWrongArgument, "\"" + entry.first + "\" is no input of the engine");
  }
  for (const auto& [binding, view] : copies) {
    if (view.size_bytes > 0) std::memcpy(binding->host->data(), view.data, view.size_bytes);
  }
}

Napi::Value outputs_object(Napi::Env env, const Runner& runner) {
  Napi::Object outputs = Napi::Object::New(env);
  for (const Binding& binding : runner.bindings()) {
    if (binding.is_input) continue;
    const Shape& shape = binding.last_shape();
    const std::uint64_t size_bytes =
        std::min(element_count(shape, binding.name) * type_bytes(binding.type), binding.size_bytes);
    Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, size_bytes);
    if (size_bytes > 0) std::memcpy(bytes.Data(), binding.host->data(), size_bytes);
    Napi::Object output = Napi::Object::New(env);
    output.Set("dims", shape_array(env, shape));
    output.Set("dataType", Napi::String::New(env, type_name(binding.type)));
    output.Set("bytes", bytes);
    outputs.Set(binding.name, output);
  }
  return outputs;
}

Napi::Float64Array numbers_array(Napi::Env env, const std::vector<double>& numbers) {
  Napi::Float64Array array = Napi::Float64Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

Napi::Value timing_object(Napi::Env env, const Timing& timing) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("latenciesMs", numbers_array(env, timing.latencies_ms));
  object.Set("enqueueMs", numbers_array(env, timing.enqueue_ms));
  object.Set("wallMs", Napi::Number::New(env, timing.wall_ms));
  object.Set("runs", Napi::Number::New(env, static_cast<double>(timing.latencies_ms.size())));
  return object;
}

Napi::Value layers_array(Napi::Env env, const std::vector<LayerTime>& layers) {
  Napi::Array array = Napi::Array::New(env, layers.size());
  for (std::uint32_t i = 0; i < layers.size(); ++i) {
    Napi::Object layer = Napi::Object::New(env);
    layer.Set("name", Napi::String::New(env, layers[i].name));
    layer.Set("medianMs", Napi::Number::New(env, layers[i].median_ms));
    array[i] = layer;
  }
  return array;
}

}  // namespace

Napi::Function RunnerObject::define(Napi::Env env) {
  return DefineClass(env, "Runner",
                     {
                         InstanceMethod<&RunnerObject::infer>("infer"),
                         InstanceMethod<&RunnerObject::time>("time"),
                         InstanceMethod<&RunnerObject::time_plain>("timePlain"),
                         InstanceMethod<&RunnerObject::profile_layers>("profileLayers"),
                         InstanceMethod<&RunnerObject::close>("close"),
                     });
}

RunnerObject::RunnerObject(const Napi::CallbackInfo& info) : Wrapped(info) {
  constant(info, "deviceMemoryBytes",
           Napi::Number::New(info.Env(), static_cast<double>(native_->device_memory_bytes())));
}

std::shared_ptr<Runner> RunnerObject::idle_runner() const {
  if (!native_) throw Error(kWrongArgument, "The runner is closed");
  if (*is_busy_) throw Error(kWrongArgument, "The runner is busy; wait for its last call to end");
  return native_;
}

template <typename Result>
Napi::Value RunnerObject::start(Napi::Env env, std::function<Result(Runner&)> work,
                                std::function<Napi::Value(Napi::Env, const Runner&, const Result&)> finish) {
  const std::shared_ptr<Runner> runner = idle_runner();
  const auto result = std::make_shared<Result>();
  AsyncCall::Parts parts;
  parts.work = [runner, work = std::move(work), result](AsyncCall&) { *result = work(*runner); };
  parts.finish = [runner, finish = std::move(finish), result](Napi::Env callback_env) {
    return finish(callback_env, *runner, *result);
  };
  parts.settled = [busy = is_busy_] { *busy = false; };
  parts.abandon = [runner] { runner->stop(); };
  *is_busy_ = true;
  return AsyncCall::start(env, std::move(parts));
}

/** [async] */
Napi::Value RunnerObject::infer(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    // Values that may run JavaScript are read first, because it may close the runner or begin another call.
    const auto values = values_of(argument(info, 0, "inputs"), "inputs");
    copy_inputs(*idle_runner(), values);
    const auto work = [](Runner& runner) {
      runner.run();
      return true;
    };
    const auto finish = [](Napi::Env env, const Runner& runner, bool) { return outputs_object(env, runner); };
    return start<bool>(info.Env(), work, finish);
  });
}

/** [async] */
Napi::Value RunnerObject::time(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const TimingOptions options = timing_options_of(argument(info, 0, "options"));
    const auto finish = [](Napi::Env env, const Runner&, const Timing& timing) { return timing_object(env, timing); };
    return start<Timing>(info.Env(), [options](Runner& runner) { return runner.time(options); }, finish);
  });
}

/** [async] */
Napi::Value RunnerObject::time_plain(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Object options = object_of(argument(info, 0, "options"), "options");
    const std::uint64_t runs = runs_of(options.Get("runs"), kMaxRuns);
    const bool uses_cuda_graph = boolean_of(options.Get("cudaGraph"), "cudaGraph");
    const auto finish = [](Napi::Env env, const Runner&, const std::vector<double>& latencies) -> Napi::Value {
      return numbers_array(env, latencies);
    };
    return start<std::vector<double>>(
        info.Env(), [=](Runner& runner) { return runner.time_plain(runs, uses_cuda_graph); }, finish);
  });
}

/** [async] */
Napi::Value RunnerObject::profile_layers(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::uint64_t runs = runs_of(argument(info, 0, "runs"), kMaxProfiledRuns);
    const auto finish = [](Napi::Env env, const Runner&, const std::vector<LayerTime>& layers) {
      return layers_array(env, layers);
    };
    return start<std::vector<LayerTime>>(
        info.Env(), [runs](Runner& runner) { return runner.profile_layers(runs); }, finish);
  });
}

/** [sync] */
Napi::Value RunnerObject::close(const Napi::CallbackInfo& info) {
  if (native_) native_->stop();
  native_.reset();
  return info.Env().Undefined();
}

}  // namespace calib::tensorrt::addon
