#include "compiled_model.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <thread>

#include "../core/error.h"

namespace calib::openvino {

namespace {

using Clock = std::chrono::steady_clock;

/** Properties that fit into one call: the C API takes them as separate arguments. */
constexpr std::size_t kMaxSettings = 8;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

const std::pair<const char*, std::int32_t ElementTypes::*> kTypes[] = {
    {"bool", &ElementTypes::boolean}, {"float16", &ElementTypes::f16}, {"float32", &ElementTypes::f32},
    {"float64", &ElementTypes::f64},  {"int8", &ElementTypes::i8},     {"int16", &ElementTypes::i16},
    {"int32", &ElementTypes::i32},    {"int64", &ElementTypes::i64},   {"uint8", &ElementTypes::u8},
    {"uint16", &ElementTypes::u16},   {"uint32", &ElementTypes::u32},  {"uint64", &ElementTypes::u64},
};

void reshape(const Functions& f, Model* model, const std::vector<NamedShape>& shapes) {
  std::vector<const char*> names;
  std::vector<std::vector<Dimension>> dims;
  std::vector<PartialShape> partial;
  dims.reserve(shapes.size());
  for (const NamedShape& shape : shapes) {
    Owned<Port> port(f.free_port);
    if (f.model_input(model, shape.input.c_str(), port.out()) != 0) continue;
    names.push_back(shape.input.c_str());
    auto& own = dims.emplace_back();
    for (const std::int64_t dim : shape.dims) own.push_back({dim, dim});
    const auto rank = static_cast<std::int64_t>(own.size());
    partial.push_back({{rank, rank}, own.data()});
  }
  if (names.empty()) return;
  check(f, f.reshape(model, names.data(), partial.data(), names.size()), "OpenVINO cannot set the input shapes");
}

void compile(const Functions& f, const Core* core, const Model* model, const CompileOptions& options, Compiled** out) {
  const auto& settings = options.settings;
  if (settings.size() > kMaxSettings) throw Error(kInvalidArgument, "Expected at most 8 settings");
  // Arguments beyond the stated number are not read.
  const char* texts[2 * kMaxSettings] = {};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    texts[2 * i] = settings[i].first.c_str();
    texts[2 * i + 1] = settings[i].second.c_str();
  }
  const Status status = f.compile(core, model, options.device.c_str(), 2 * settings.size(), out, texts[0], texts[1],
                                  texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], texts[8], texts[9],
                                  texts[10], texts[11], texts[12], texts[13], texts[14], texts[15]);
  check(f, status, "OpenVINO cannot compile the model");
}

std::string text_of(const Functions& f, char* text) {
  const std::string copy = text == nullptr ? "" : text;
  if (text != nullptr) f.free_text(text);
  return copy;
}

double median_of(std::vector<double>& values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

DeviceInfo device_info(const Functions& functions, const std::string& device) {
  Owned<Core> core(functions.free_core);
  check(functions, functions.create_core(core.out()), "OpenVINO cannot start");
  const auto property = [&](const char* key) {
    char* value = nullptr;
    check(functions, functions.core_property(core.get(), device.c_str(), key, &value),
          "OpenVINO has no device " + device);
    return text_of(functions, value);
  };
  return {property("FULL_DEVICE_NAME"), property("OPTIMIZATION_CAPABILITIES")};
}

CompiledModel::CompiledModel(const Functions& functions, const CompileOptions& options)
    : f_(functions), core_(functions.free_core), compiled_(functions.free_compiled) {
  check(f_, f_.create_core(core_.out()), "OpenVINO cannot start");
  Owned<Model> model(f_.free_model);
  check(f_, f_.read_model(core_.get(), options.model_path.c_str(), nullptr, model.out()),
        "OpenVINO cannot read the model");
  reshape(f_, model.get(), options.shapes);
  compile(f_, core_.get(), model.get(), options, compiled_.out());
  std::size_t count = 0;
  const auto port_info = [this](Status (*get)(const Compiled*, std::size_t, Port**), std::size_t index) {
    Owned<Port> port(f_.free_port);
    check(f_, get(compiled_.get(), index, port.out()), "OpenVINO does not describe the model");
    return info_of(port.get());
  };
  check(f_, f_.input_count(compiled_.get(), &count), "OpenVINO does not describe the model");
  for (std::size_t i = 0; i < count; ++i) inputs_.push_back(port_info(f_.input_port, i));
  check(f_, f_.output_count(compiled_.get(), &count), "OpenVINO does not describe the model");
  for (std::size_t i = 0; i < count; ++i) outputs_.push_back(port_info(f_.output_port, i));
}

std::string CompiledModel::property(const std::string& key) const {
  char* value = nullptr;
  if (f_.compiled_property(compiled_.get(), key.c_str(), &value) != 0) return "";
  return text_of(f_, value);
}

PortInfo CompiledModel::info_of(Port* port) const {
  char* name = nullptr;
  std::int32_t type = -1;
  check(f_, f_.port_name(port, &name), "OpenVINO does not name an input or output");
  const std::string own = text_of(f_, name);
  check(f_, f_.port_type(port, &type), "OpenVINO does not describe " + own);
  return {own, type_name(type)};
}

std::string CompiledModel::type_name(std::int32_t type) const {
  for (const auto& [name, member] : kTypes)
    if (f_.types.*member == type) return name;
  return "other";
}

std::int32_t CompiledModel::type_of(const std::string& wanted) const {
  for (const auto& [name, member] : kTypes)
    if (wanted == name) return f_.types.*member;
  throw Error(kInvalidArgument, "Expected an element type, found " + wanted);
}

CompiledModel::Prepared CompiledModel::new_request() const {
  Prepared prepared{Owned<Request>(f_.free_request), {}};
  check(f_, f_.create_request(compiled_.get(), prepared.request.out()), "OpenVINO cannot run the model");
  return prepared;
}

void CompiledModel::set_feeds(Prepared& prepared, const std::vector<Feed>& feeds) const {
  std::vector<Owned<Tensor>> tensors;
  for (const Feed& feed : feeds) {
    std::vector<std::int64_t> dims = feed.dims;
    auto& tensor = tensors.emplace_back(f_.free_tensor);
    const std::string doing = "OpenVINO does not take input " + inputs_.at(feed.input).name;
    const Shape shape{static_cast<std::int64_t>(dims.size()), dims.data()};
    check(f_, f_.tensor_of_memory(type_of(feed.type), shape, feed.data, tensor.out()), doing);
    check(f_, f_.set_input(prepared.request.get(), feed.input, tensor.get()), doing);
  }
  prepared.tensors.swap(tensors);
}

CompiledModel::Prepared& CompiledModel::request_of(const std::vector<Feed>& feeds) {
  if (!kept_) kept_ = std::make_unique<Prepared>(new_request());
  set_feeds(*kept_, feeds);
  return *kept_;
}

std::vector<Output> CompiledModel::infer(const std::vector<Feed>& feeds) {
  Request* request = request_of(feeds).request.get();
  check(f_, f_.infer(request), "OpenVINO failed on these inputs");
  std::vector<Output> outputs;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::string doing = "OpenVINO does not return output " + outputs_[i].name;
    Owned<Tensor> tensor(f_.free_tensor);
    Shape shape;
    std::int32_t type = -1;
    std::size_t bytes = 0;
    void* data = nullptr;
    check(f_, f_.output(request, i, tensor.out()), doing);
    check(f_, f_.tensor_type(tensor.get(), &type), doing);
    check(f_, f_.tensor_bytes(tensor.get(), &bytes), doing);
    check(f_, f_.tensor_shape(tensor.get(), &shape), doing);
    Output output{type_name(type), std::vector<std::int64_t>(shape.dims, shape.dims + shape.rank), {}};
    f_.free_shape(&shape);
    if (bytes > 0) {
      check(f_, f_.tensor_data(tensor.get(), &data), doing);
      const auto* first = static_cast<const std::uint8_t*>(data);
      output.bytes.assign(first, first + bytes);
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Timed CompiledModel::time(const std::vector<Feed>& feeds, std::size_t requests, std::size_t runs) {
  kept_.reset();
  std::vector<Prepared> prepared;
  for (std::size_t i = 0; i < requests; ++i) set_feeds(prepared.emplace_back(new_request()), feeds);
  std::vector<std::vector<double>> latencies(requests);
  std::vector<std::exception_ptr> failures(requests);
  const auto run = [&](std::size_t index) {
    try {
      for (std::size_t i = 0; i < runs; ++i) {
        const auto start = Clock::now();
        check(f_, f_.infer(prepared[index].request.get()), "OpenVINO failed on these inputs");
        latencies[index].push_back(milliseconds_since(start));
      }
    } catch (...) {
      failures[index] = std::current_exception();
    }
  };
  Timed timed;
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < requests; ++i) threads.emplace_back(run, i);
  run(0);
  for (std::thread& thread : threads) thread.join();
  timed.wall_ms = milliseconds_since(start);
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  for (const auto& own : latencies) timed.latencies_ms.insert(timed.latencies_ms.end(), own.begin(), own.end());
  return timed;
}

std::vector<NodeTime> CompiledModel::profile(const std::vector<Feed>& feeds, std::size_t runs) {
  Request* request = request_of(feeds).request.get();
  std::vector<NodeTime> nodes;
  std::vector<std::vector<double>> times;
  // A name may occur several times; nodes are told apart by their place among those that ran.
  for (std::size_t run = 0; run < runs; ++run) {
    check(f_, f_.infer(request), "OpenVINO failed on these inputs");
    ProfiledNodes found;
    check(f_, f_.profile(request, &found), "OpenVINO reports no times of layers");
    std::size_t place = 0;
    for (std::size_t i = 0; i < found.size; ++i) {
      const ProfiledNode& node = found.nodes[i];
      if (node.status != kExecuted) continue;
      if (run == 0) {
        nodes.push_back({node.name, node.node_type, node.exec_type, 0});
        times.emplace_back();
      }
      if (place < times.size()) times[place].push_back(static_cast<double>(node.real_microseconds) / 1000);
      ++place;
    }
    f_.free_profile(&found);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].median_ms = median_of(times[i]);
  return nodes;
}

}  // namespace calib::openvino
