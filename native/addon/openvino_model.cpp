#include "openvino_model.h"

#include <algorithm>
#include <utility>

#include "arguments.h"
#include "tensor_functions.h"

namespace calib::addon {

namespace {

constexpr std::size_t kMaxRequests = 1024;
constexpr std::size_t kMaxRuns = 1000000;

Napi::Array list_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsArray()) throw Error(kInvalidArgument, "Expected " + name + " to be an array");
  return value.As<Napi::Array>();
}

Napi::Object object_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsObject()) throw Error(kInvalidArgument, "Expected " + name + " to be an object");
  return value.As<Napi::Object>();
}

openvino::CompileOptions options_of(const Napi::Object& options) {
  openvino::CompileOptions read;
  read.model_path = text_argument(options.Get("modelPath"), "modelPath");
  read.device = text_argument(options.Get("device"), "device");
  const Napi::Array shapes = list_of(options.Get("shapes"), "shapes");
  for (std::uint32_t i = 0; i < shapes.Length(); ++i) {
    const Napi::Object shape = object_of(shapes[i], "each shape");
    read.shapes.push_back({text_argument(shape.Get("name"), "name"), integers_argument(shape.Get("dims"), "dims")});
  }
  const Napi::Array settings = list_of(options.Get("settings"), "settings");
  for (std::uint32_t i = 0; i < settings.Length(); ++i) {
    const Napi::Object setting = object_of(settings[i], "each setting");
    read.settings.emplace_back(text_argument(setting.Get("key"), "key"), text_argument(setting.Get("value"), "value"));
  }
  return read;
}

openvino::Feed feed_of(const Napi::Value& entry, std::size_t input_count, Job& job) {
  const Napi::Object object = object_of(entry, "each feed");
  openvino::Feed feed;
  feed.input = index_argument(object.Get("input"), "input", input_count);
  feed.type = text_argument(object.Get("dtype"), "dtype");
  feed.dims = integers_argument(object.Get("dims"), "dims");
  const Napi::Value data = object.Get("data");
  if (!data.IsTypedArray()) throw Error(kInvalidArgument, "Expected data to be a typed array");
  const Napi::TypedArray array = data.As<Napi::TypedArray>();
  std::int64_t count = 1;
  for (const std::int64_t dim : feed.dims) count *= dim;
  if (count < 0 || static_cast<std::size_t>(count) != array.ElementLength())
    throw Error(kInvalidArgument, "Expected data with one element for each position of dims");
  feed.data = static_cast<std::uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  job.kept.push_back(Napi::Persistent(data.As<Napi::Object>()));
  return feed;
}

Napi::Array ports_value(Napi::Env env, const std::vector<openvino::PortInfo>& ports) {
  Napi::Array list = Napi::Array::New(env, ports.size());
  for (std::uint32_t i = 0; i < ports.size(); ++i) {
    Napi::Object port = Napi::Object::New(env);
    port.Set("name", ports[i].name);
    port.Set("dtype", ports[i].type);
    list[i] = port;
  }
  return list;
}

Napi::Array outputs_value(Napi::Env env, const std::vector<openvino::Output>& outputs) {
  Napi::Array list = Napi::Array::New(env, outputs.size());
  for (std::uint32_t i = 0; i < outputs.size(); ++i) {
    const openvino::Output& output = outputs[i];
    Napi::Array dims = Napi::Array::New(env, output.dims.size());
    for (std::uint32_t axis = 0; axis < output.dims.size(); ++axis)
      dims[axis] = Napi::Number::New(env, static_cast<double>(output.dims[axis]));
    Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, output.bytes.size());
    std::copy(output.bytes.begin(), output.bytes.end(), static_cast<std::uint8_t*>(bytes.Data()));
    Napi::Object value = Napi::Object::New(env);
    value.Set("dtype", output.type);
    value.Set("dims", dims);
    value.Set("bytes", bytes);
    list[i] = value;
  }
  return list;
}

}  // namespace

Napi::Value openvino_status(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto& functions = openvino::functions_of(text_argument(argument(info, 0, "library"), "library"));
    const openvino::DeviceInfo found =
        openvino::device_info(functions, text_argument(argument(info, 1, "device"), "device"));
    Napi::Object status = Napi::Object::New(info.Env());
    status.Set("version", functions.build);
    status.Set("deviceName", found.name);
    status.Set("capabilities", found.capabilities);
    return status;
  });
}

Napi::Function OpenvinoModel::define(Napi::Env env) {
  return DefineClass(env, "OpenvinoModel",
                     {
                         InstanceMethod<&OpenvinoModel::open>("open"),
                         InstanceMethod<&OpenvinoModel::infer>("infer"),
                         InstanceMethod<&OpenvinoModel::time>("time"),
                         InstanceMethod<&OpenvinoModel::profile>("profile"),
                         InstanceMethod<&OpenvinoModel::close>("close"),
                     });
}

OpenvinoModel::OpenvinoModel(const Napi::CallbackInfo& info) : Napi::ObjectWrap<OpenvinoModel>(info) {
  guarded(info.Env(), [&] {
    const Napi::Object options = object_of(argument(info, 0, "options"), "options");
    library_ = text_argument(options.Get("library"), "library");
    options_ = options_of(options);
    thread_ = std::make_unique<JobThread>(info.Env());
  });
}

void OpenvinoModel::require_idle() const {
  if (thread_->is_busy()) throw Error(kInvalidArgument, "The model is running");
}

openvino::CompiledModel& OpenvinoModel::opened() {
  require_idle();
  if (!model_) throw Error(kInvalidArgument, "The model is not open");
  return *model_;
}

std::unique_ptr<Job> OpenvinoModel::new_job(Napi::Env env) {
  auto job = std::make_unique<Job>(env);
  job->kept.push_back(Napi::Persistent(Value()));
  return job;
}

std::vector<openvino::Feed> OpenvinoModel::feeds_argument(const Napi::CallbackInfo& info, Job& job) {
  const std::size_t input_count = opened().inputs().size();
  const Napi::Array list = list_of(argument(info, 0, "feeds"), "feeds");
  std::vector<openvino::Feed> feeds;
  for (std::uint32_t i = 0; i < list.Length(); ++i) feeds.push_back(feed_of(list[i], input_count, job));
  return feeds;
}

/** [async] */
Napi::Value OpenvinoModel::open(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    require_idle();
    auto job = new_job(info.Env());
    job->work = [this] {
      model_ = std::make_unique<openvino::CompiledModel>(openvino::functions_of(library_), options_);
    };
    job->result = [this](Napi::Env env) {
      Napi::Object value = Napi::Object::New(env);
      value.Set("inputs", ports_value(env, model_->inputs()));
      value.Set("outputs", ports_value(env, model_->outputs()));
      value.Set("precisionHint", model_->property("INFERENCE_PRECISION_HINT"));
      return value;
    };
    return thread_->start(std::move(job));
  });
}

/** [async] */
Napi::Value OpenvinoModel::infer(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto job = new_job(info.Env());
    const auto found = std::make_shared<std::vector<openvino::Output>>();
    job->work = [this, found, feeds = feeds_argument(info, *job)] { *found = model_->infer(feeds); };
    job->result = [found](Napi::Env env) { return outputs_value(env, *found); };
    return thread_->start(std::move(job));
  });
}

/** [async] */
Napi::Value OpenvinoModel::time(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto job = new_job(info.Env());
    const std::size_t requests = index_argument(argument(info, 1, "requests"), "requests", kMaxRequests);
    const std::size_t runs = index_argument(argument(info, 2, "runs"), "runs", kMaxRuns);
    if (requests == 0) throw Error(kInvalidArgument, "Expected at least one request");
    const auto timed = std::make_shared<openvino::Timed>();
    job->work = [this, timed, requests, runs, feeds = feeds_argument(info, *job)] {
      *timed = model_->time(feeds, requests, runs);
    };
    job->result = [timed](Napi::Env env) {
      Napi::Float64Array latencies = Napi::Float64Array::New(env, timed->latencies_ms.size());
      std::copy(timed->latencies_ms.begin(), timed->latencies_ms.end(), latencies.Data());
      Napi::Object value = Napi::Object::New(env);
      value.Set("latenciesMs", latencies);
      value.Set("wallMs", timed->wall_ms);
      return value;
    };
    return thread_->start(std::move(job));
  });
}

/** [async] */
Napi::Value OpenvinoModel::profile(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto job = new_job(info.Env());
    const std::size_t runs = index_argument(argument(info, 1, "runs"), "runs", kMaxRuns);
    const auto found = std::make_shared<std::vector<openvino::NodeTime>>();
    job->work = [this, found, runs, feeds = feeds_argument(info, *job)] { *found = model_->profile(feeds, runs); };
    job->result = [found](Napi::Env env) {
      Napi::Array list = Napi::Array::New(env, found->size());
      for (std::uint32_t i = 0; i < found->size(); ++i) {
        const openvino::NodeTime& node = (*found)[i];
        Napi::Object value = Napi::Object::New(env);
        value.Set("name", node.name);
        value.Set("kind", node.kind);
        value.Set("kernel", node.kernel);
        value.Set("medianMs", node.median_ms);
        list[i] = value;
      }
      return list;
    };
    return thread_->start(std::move(job));
  });
}

/** [sync] */
Napi::Value OpenvinoModel::close(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    require_idle();
    model_.reset();
    return info.Env().Undefined();
  });
}

}  // namespace calib::addon
