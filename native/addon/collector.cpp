#include "collector.h"

#include <algorithm>
#include <utility>

#include "../core/histogram_codec.h"
#include "arguments.h"
#include "tensor_functions.h"

namespace calib::addon {

namespace {

constexpr std::size_t kMaxTensors = 1000000;
constexpr std::size_t kMaxSlots = 1000000;

Napi::Array list_of(const Napi::Value& value, const std::string& name) {
  if (!value.IsArray()) throw Error(kInvalidArgument, "Expected " + name + " to be an array");
  return value.As<Napi::Array>();
}

ort::FeedView feed_of(const Napi::Value& entry, std::size_t input_count, Job& job) {
  if (!entry.IsObject()) throw Error(kInvalidArgument, "Expected each feed to be an object");
  const Napi::Object feed = entry.As<Napi::Object>();
  ort::FeedView view{};
  view.input = index_argument(feed.Get("input"), "input", input_count);
  view.element_type = static_cast<std::int32_t>(index_argument(feed.Get("elementType"), "elementType", 64));
  view.dims = integers_argument(feed.Get("dims"), "dims");
  const Napi::Value data = feed.Get("data");
  if (!data.IsTypedArray()) throw Error(kInvalidArgument, "Expected data to be a typed array");
  const Napi::TypedArray array = data.As<Napi::TypedArray>();
  view.size_bytes = array.ByteLength();
  view.data = static_cast<std::uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  std::int64_t count = 1;
  for (const std::int64_t dim : view.dims) count *= dim;
  if (count < 0 || static_cast<std::size_t>(count) != array.ElementLength())
    throw Error(kInvalidArgument, "Expected data with one element for each position of dims");
  job.kept.push_back(Napi::Persistent(data.As<Napi::Object>()));
  return view;
}

Derived derived_of(const Napi::Value& entry, std::size_t tensor_count) {
  if (!entry.IsObject()) throw Error(kInvalidArgument, "Expected each derived tensor to be an object");
  const Napi::Object object = entry.As<Napi::Object>();
  Derived derived{index_argument(object.Get("tensor"), "tensor", tensor_count), {}};
  const Napi::Array sources = list_of(object.Get("sources"), "sources");
  for (std::uint32_t i = 0; i < sources.Length(); ++i)
    derived.sources.push_back(index_argument(sources[i], "sources", tensor_count));
  const Napi::Value high = object.Get("high");
  if (high.IsNull()) return derived;
  if (!high.IsNumber()) throw Error(kInvalidArgument, "Expected high to be a number or null");
  derived.high = high.As<Napi::Number>().FloatValue();
  return derived;
}

ort::CollectorOptions options_of(const Napi::Object& options) {
  ort::CollectorOptions read;
  const Napi::Uint8Array model = bytes_argument(options.Get("model"), "model");
  read.model = model.Data();
  read.model_bytes = model.ByteLength();
  read.weights_dir = text_argument(options.Get("weightsDir"), "weightsDir");
  read.output = text_argument(options.Get("output"), "output");
  read.is_optimized = options.Get("isOptimized").ToBoolean().Value();
  const Napi::Array axes = list_of(options.Get("axes"), "axes");
  if (axes.Length() > kMaxTensors) throw Error(kInvalidArgument, "Expected at most 1000000 tensors");
  for (std::uint32_t i = 0; i < axes.Length(); ++i) {
    const Napi::Value axis = axes[i];
    read.axes.push_back(axis.IsNull() ? ChannelMaxima::kNone : integer_argument(axis, "axes"));
  }
  const Napi::Array derived = list_of(options.Get("derived"), "derived");
  for (std::uint32_t i = 0; i < derived.Length(); ++i) read.derived.push_back(derived_of(derived[i], axes.Length()));
  const Napi::Array inputs = list_of(options.Get("inputs"), "inputs");
  for (std::uint32_t i = 0; i < inputs.Length(); ++i) {
    const Napi::Value input = inputs[i];
    if (!input.IsObject()) throw Error(kInvalidArgument, "Expected each input to be an object");
    read.inputs.push_back(text_argument(input.As<Napi::Object>().Get("name"), "name"));
    const Napi::Value tensor = input.As<Napi::Object>().Get("tensor");
    read.input_tensors.push_back(
        tensor.IsNull() ? -1 : static_cast<std::int64_t>(index_argument(tensor, "tensor", axes.Length())));
  }
  return read;
}

const ort::Functions& functions_of(const Napi::Object& options) {
  return ort::functions_of(text_argument(options.Get("library"), "library"),
                           text_argument(options.Get("version"), "version"));
}

Napi::Object options_argument(const Napi::CallbackInfo& info) {
  const Napi::Value value = argument(info, 0, "options");
  if (!value.IsObject()) throw Error(kInvalidArgument, "Expected options to be an object");
  return value.As<Napi::Object>();
}

}  // namespace

Napi::Value write_optimized_model(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Object options = options_argument(info);
    ort::CollectorOptions read = options_of(options);
    read.optimized_path = text_argument(argument(info, 1, "path"), "path");
    const ort::Collector written(functions_of(options), read);
    return info.Env().Undefined();
  });
}

Napi::Function Collector::define(Napi::Env env) {
  return DefineClass(env, "Collector",
                     {
                         InstanceMethod<&Collector::count>("count"),
                         InstanceMethod<&Collector::fingerprints>("fingerprints"),
                         InstanceMethod<&Collector::encode>("encode"),
                         InstanceMethod<&Collector::channel_maxima>("channelMaxima"),
                         InstanceMethod<&Collector::clear>("clear"),
                     });
}

Collector::Collector(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Collector>(info) {
  guarded(info.Env(), [&] {
    const Napi::Object options = options_argument(info);
    const ort::CollectorOptions read = options_of(options);
    input_count_ = read.inputs.size();
    collector_ = std::make_unique<ort::Collector>(functions_of(options), read);
    thread_ = std::make_unique<JobThread>(info.Env());
  });
}

ort::Collector& Collector::idle() {
  if (thread_->is_busy()) throw Error(kInvalidArgument, "The collector is running a batch");
  return *collector_;
}

std::vector<ort::FeedView> Collector::feeds_argument(const Napi::CallbackInfo& info, Job& job) const {
  const Napi::Array list = list_of(argument(info, 0, "feeds"), "feeds");
  std::vector<ort::FeedView> feeds;
  for (std::uint32_t i = 0; i < list.Length(); ++i) feeds.push_back(feed_of(list[i], input_count_, job));
  return feeds;
}

std::unique_ptr<Job> Collector::new_job(Napi::Env env) {
  auto job = std::make_unique<Job>(env);
  job->kept.push_back(Napi::Persistent(Value()));
  return job;
}

/** [async] */
Napi::Value Collector::count(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    ort::Collector& collector = idle();
    auto job = new_job(info.Env());
    const std::vector<ort::FeedView> feeds = feeds_argument(info, *job);
    CountRequest request;
    const Napi::Array groups = list_of(argument(info, 1, "groups"), "groups");
    for (std::uint32_t i = 0; i < groups.Length(); ++i)
      request.groups.push_back(index_argument(groups[i], "groups", kMaxTensors));
    request.slots = index_argument(argument(info, 2, "slots"), "slots", kMaxSlots);
    const Napi::Uint8Array is_split = bytes_argument(argument(info, 3, "isSplit"), "isSplit");
    request.is_split.assign(is_split.Data(), is_split.Data() + is_split.ElementLength());
    const auto found = std::make_shared<ImageCounts>();
    job->work = [&collector, feeds, request, found] { *found = collector.count(feeds, request); };
    job->result = [found](Napi::Env env) -> Napi::Value {
      Napi::Object result = Napi::Object::New(env);
      Napi::Uint8Array non_finite = Napi::Uint8Array::New(env, found->non_finite.size());
      std::copy(found->non_finite.begin(), found->non_finite.end(), non_finite.Data());
      result.Set("amax", float32_values(env, found->amax));
      result.Set("nonFinite", non_finite);
      return result;
    };
    return thread_->start(std::move(job));
  });
}

/** [async] */
Napi::Value Collector::fingerprints(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    ort::Collector& collector = idle();
    auto job = new_job(info.Env());
    const std::vector<ort::FeedView> feeds = feeds_argument(info, *job);
    const std::size_t slots = index_argument(argument(info, 1, "slots"), "slots", kMaxSlots);
    if (slots == 0) throw Error(kInvalidArgument, "Expected slots to be at least 1");
    const auto found = std::make_shared<std::vector<std::optional<Fingerprint>>>();
    job->work = [&collector, feeds, slots, found] { *found = collector.fingerprints(feeds, slots); };
    job->result = [found](Napi::Env env) -> Napi::Value {
      Napi::Array list = Napi::Array::New(env, found->size());
      for (std::uint32_t i = 0; i < found->size(); ++i) {
        const auto& each = (*found)[i];
        list[i] = each ? fingerprint_value(env, *each) : env.Null();
      }
      return list;
    };
    return thread_->start(std::move(job));
  });
}

/** [sync] */
Napi::Value Collector::encode(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    TensorCounts& counts = idle().counts();
    const std::size_t group = index_argument(argument(info, 0, "group"), "group", counts.groups());
    const std::size_t tensor = index_argument(argument(info, 1, "tensor"), "tensor", counts.tensors());
    const std::vector<std::uint8_t> record = encode_histogram(counts.histogram(group, tensor));
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), record.size());
    std::copy(record.begin(), record.end(), bytes.Data());
    return bytes;
  });
}

/** [sync] */
Napi::Value Collector::channel_maxima(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    TensorCounts& counts = idle().counts();
    const std::size_t tensor = index_argument(argument(info, 0, "tensor"), "tensor", counts.tensors());
    return float32_values(info.Env(), counts.channels(tensor).values());
  });
}

/** [sync] */
Napi::Value Collector::clear(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    idle().counts().clear();
    return info.Env().Undefined();
  });
}

}  // namespace calib::addon
