#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "fake_nvinfer.h"
#include "json.h"

namespace fake {

namespace {

constexpr std::int64_t kContextBytes = 4096;

std::size_t bytes_of(DataType type) {
  switch (type) {
    case DataType::kHALF:
      return 2;
    case DataType::kINT8:
    case DataType::kBOOL:
      return 1;
    case DataType::kINT64:
      return 8;
    default:
      return 4;
  }
}

std::size_t volume(const Dims& dims) {
  std::size_t count = 1;
  for (int i = 0; i < dims.nbDims; ++i) count *= static_cast<std::size_t>(dims.d[i]);
  return count;
}

/** Smallest, best and largest shape of an input. */
using Range = std::vector<Dims>;
/** Of each input with a dynamic shape. */
using ProfileRanges = std::map<std::string, Range>;

Dims parse_dims(const std::string& text) {
  Dims dims{};
  std::istringstream numbers(text);
  for (std::string number; std::getline(numbers, number, ',');) dims.d[dims.nbDims++] = std::atol(number.c_str());
  return dims;
}

/** The profiles among what the builder was told: `"profiles":["x:1,3/8,3/32,3;y:...", ...]`. */
std::vector<ProfileRanges> parse_profiles(const std::string& told) {
  std::vector<ProfileRanges> profiles;
  const std::string key = "\"profiles\":[";
  const auto begin = told.find(key);
  if (begin == std::string::npos) return profiles;
  const std::string list = told.substr(begin + key.size(), told.find(']', begin) - begin - key.size());
  std::istringstream quotes(list);
  // Every second piece between quotes is a profile.
  std::string piece;
  for (bool is_text = false; std::getline(quotes, piece, '"'); is_text = !is_text) {
    if (!is_text) continue;
    ProfileRanges& ranges = profiles.emplace_back();
    std::istringstream inputs(piece);
    for (std::string input; std::getline(inputs, input, ';');) {
      const auto colon = input.find(':');
      std::istringstream shapes(input.substr(colon + 1));
      for (std::string shape; std::getline(shapes, shape, '/');)
        ranges[input.substr(0, colon)].push_back(parse_dims(shape));
    }
  }
  return profiles;
}

struct TimedLayer {
  std::string name;
  double ms;
};

/** The kernels among what the builder was told, see told_layers. */
std::vector<TimedLayer> parse_layers(const std::string& told) {
  std::vector<TimedLayer> layers;
  const std::string name_key = "{\"Name\":\"";
  const std::string ms_key = "\"RunMs\":";
  for (auto at = told.find(name_key); at != std::string::npos; at = told.find(name_key, at + 1)) {
    const auto begin = at + name_key.size();
    layers.push_back({told.substr(begin, told.find('"', begin) - begin),
                      std::atof(told.c_str() + told.find(ms_key, begin) + ms_key.size())});
  }
  return layers;
}

/** One execution: reads the first input, writes all outputs. Keeps its own copy of what the context was told. */
struct Execution {
  struct Output {
    IoDeclaration declaration;
    Dims dims;
    void* address;
    IOutputAllocator* allocator;
  };
  DataType input_type;
  Dims input_dims;
  const void* input;
  std::vector<Output> outputs;

  void run() const {
    const std::size_t count = volume(input_dims);
    const auto* values = static_cast<const float*>(input);
    for (const Output& output : outputs) {
      Dims dims = output.dims;
      for (int i = 0; i < dims.nbDims; ++i) {
        if (output.declaration.dims[static_cast<std::size_t>(i)] == kUnknownDim)
          dims.d[i] = std::count_if(values, values + count, [](float value) { return value > 0; });
      }
      void* address = output.address;
      if (output.allocator != nullptr) {
        address = output.allocator->reallocateOutputAsync(
            output.declaration.name.c_str(), address,
            std::max<std::size_t>(volume(dims), 1) * bytes_of(output.declaration.type), 256, nullptr);
        output.allocator->notifyShape(output.declaration.name.c_str(), dims);
      }
      write(output, address, volume(dims), count);
    }
  }

  /** Twice the input, repeated, for float32; else the input's bytes, repeated. */
  void write(const Output& output, void* address, std::size_t elements, std::size_t input_elements) const {
    if (input_elements == 0 || address == nullptr) return;
    if (output.declaration.type == DataType::kFLOAT && input_type == DataType::kFLOAT) {
      for (std::size_t i = 0; i < elements; ++i)
        static_cast<float*>(address)[i] = 2.0F * static_cast<const float*>(input)[i % input_elements];
      return;
    }
    const std::size_t input_bytes = input_elements * bytes_of(input_type);
    for (std::size_t i = 0; i < elements * bytes_of(output.declaration.type); ++i)
      static_cast<char*>(address)[i] = static_cast<const char*>(input)[i % input_bytes];
  }
};

class Context final : public IExecutionContext {
 public:
  Context(const Script& script, const std::vector<ProfileRanges>& profiles, const std::vector<TimedLayer>& layers)
      : impl_(script, profiles, layers) {
    mImpl = &impl_;
  }
  ~Context() noexcept override { need_context("~IExecutionContext"); }

 private:
  struct Impl final : ExecutionContextStub {
    Impl(const Script& script, const std::vector<ProfileRanges>& profiles, const std::vector<TimedLayer>& layers)
        : script(script),
          profiles(profiles),
          layers(layers),
          inputs(declarations(script, "input")),
          outputs(declarations(script, "output")) {
      for (const IoDeclaration& input : inputs) shapes[input.name] = dims_of(input.dims);
    }
    void setProfiler(IProfiler* value) noexcept override { profiler = value; }
    bool setOptimizationProfileAsync(std::int32_t index, cudaStream_t) noexcept override {
      return profile = static_cast<std::size_t>(index), true;
    }
    bool setInputShape(char const* name, Dims const& dims) noexcept override {
      if (profile < profiles.size() && profiles[profile].count(name) > 0) {
        const Range& range = profiles[profile].at(name);
        for (int i = 0; i < dims.nbDims; ++i) {
          if (dims.d[i] >= range.front().d[i] && dims.d[i] <= range.back().d[i]) continue;
          log_error("Supplied binding dimension is outside of the profile " + std::to_string(profile));
          return false;
        }
      }
      return shapes[name] = dims, true;
    }
    std::int32_t inferShapes(std::int32_t, char const**) noexcept override {
      for (const Statement& statement : script.all("shape-error")) log_error(statement.rest);
      return script.has("shape-error") ? 1 : 0;
    }
    bool setTensorAddress(char const* name, void* address) noexcept override { return addresses[name] = address, true; }
    bool setOutputAllocator(char const* name, IOutputAllocator* allocator) noexcept override {
      return allocators[name] = allocator, true;
    }
    std::int64_t getMaxOutputSize(char const*) const noexcept override { return script.has("unbounded") ? -1 : 4096; }
    Dims getTensorShape(char const* name) const noexcept override {
      if (shapes.count(name) > 0) return shapes.at(name);
      for (const IoDeclaration& output : outputs) {
        if (output.name == name) return output_dims(output);
      }
      return {-1, {}};
    }
    Dims output_dims(const IoDeclaration& output) const {
      Dims dims = dims_of(output.dims);
      const Dims& input = shapes.at(inputs.front().name);
      for (int i = 0; i < dims.nbDims; ++i) {
        if (output.dims[static_cast<std::size_t>(i)] == -1) dims.d[i] = input.d[i];
      }
      return dims;
    }
    bool enqueueV3(cudaStream_t stream) noexcept override {
      need_context("enqueueV3");
      const char* failing = fake_cuda_is_capturing(stream) ? "capture-error" : "run-error";
      for (const Statement& statement : script.all(failing)) log_error(statement.rest);
      if (script.has(failing)) return false;
      const IoDeclaration& first = inputs.front();
      auto* execution = new Execution{first.type, shapes.at(first.name), addresses.at(first.name), {}};
      for (const IoDeclaration& output : outputs) {
        execution->outputs.push_back({output, output_dims(output), addresses.at(output.name),
                                      allocators.count(output.name) > 0 ? allocators.at(output.name) : nullptr});
      }
      fake_cuda_launch(
          stream, [](void* work) { static_cast<Execution*>(work)->run(); },
          [](void* work) { delete static_cast<Execution*>(work); }, execution);
      for (const TimedLayer& layer : layers) {
        fake_cuda_spend(stream, layer.ms);
        if (profiler != nullptr) profiler->reportLayerTime(layer.name.c_str(), static_cast<float>(layer.ms));
      }
      if (profiler != nullptr) {
        // The first runs are slow, and now and then one is.
        const bool is_slow = runs < 3 || runs % 5 == 0;
        ++runs;
        profiler->reportLayerTime("conv1 + relu1", is_slow ? 8.0F : 0.25F);
        profiler->reportLayerTime("reformat", 0.125F);
      }
      return true;
    }
    const Script& script;
    const std::vector<ProfileRanges>& profiles;
    const std::vector<TimedLayer>& layers;
    const std::vector<IoDeclaration> inputs, outputs;
    std::size_t profile = 0;
    std::uint64_t runs = 0;
    std::map<std::string, Dims> shapes;
    std::map<std::string, void*> addresses;
    std::map<std::string, IOutputAllocator*> allocators;
    IProfiler* profiler = nullptr;
  } impl_;
};

class Inspector final : public IEngineInspector {
 public:
  explicit Inspector(std::string told) : impl_(std::move(told)) { mImpl = &impl_; }

 private:
  struct Impl final : EngineInspectorStub {
    explicit Impl(std::string told) : told(std::move(told)) {}
    char const* getEngineInformation(LayerInformationFormat) const noexcept override { return told.c_str(); }
    std::string told;
  } impl_;
};

class Engine final : public ICudaEngine {
 public:
  Engine(const std::string& told, const std::string& script) : impl_(told, script) { mImpl = &impl_; }
  ~Engine() noexcept override { need_context("~ICudaEngine"); }

 private:
  struct Impl final : CudaEngineStub {
    Impl(const std::string& told, const std::string& text)
        : told(told),
          script(text),
          profiles(parse_profiles(told)),
          timed(parse_layers(told)),
          inputs(declarations(script, "input")),
          outputs(declarations(script, "output")) {}
    const IoDeclaration& io(char const* name) const {
      for (const auto* list : {&inputs, &outputs}) {
        for (const IoDeclaration& declaration : *list) {
          if (declaration.name == name) return declaration;
        }
      }
      std::abort();
    }
    char const* getName() const noexcept override { return "fake engine"; }
    std::int32_t getNbOptimizationProfiles() const noexcept override {
      return static_cast<std::int32_t>(std::max<std::size_t>(profiles.size(), 1));
    }
    std::int32_t getNbLayers() const noexcept override { return static_cast<std::int32_t>(script.all("layer").size()); }
    std::int64_t getDeviceMemorySizeV2() const noexcept override { return kContextBytes; }
    std::int32_t getNbIOTensors() const noexcept override {
      return static_cast<std::int32_t>(inputs.size() + outputs.size());
    }
    char const* getIOTensorName(std::int32_t index) const noexcept override {
      const auto i = static_cast<std::size_t>(index);
      return (i < inputs.size() ? inputs[i] : outputs[i - inputs.size()]).name.c_str();
    }
    TensorIOMode getTensorIOMode(char const* name) const noexcept override {
      const bool is_input =
          std::any_of(inputs.begin(), inputs.end(), [&](const IoDeclaration& input) { return input.name == name; });
      return is_input ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
    }
    DataType getTensorDataType(char const* name) const noexcept override { return io(name).type; }
    Dims getTensorShape(char const* name) const noexcept override { return dims_of(io(name).dims); }
    TensorLocation getTensorLocation(char const* name) const noexcept override {
      return script.has("shape-tensor") && script.all("shape-tensor").front().rest == name ? TensorLocation::kHOST
                                                                                           : TensorLocation::kDEVICE;
    }
    TensorFormat getTensorFormatV2(char const*, std::int32_t) const noexcept override {
      return script.has("vectorized") ? TensorFormat::kCHW32 : TensorFormat::kLINEAR;
    }
    Dims getProfileShape(char const* name, std::int32_t index, OptProfileSelector selector) const noexcept override {
      const auto i = static_cast<std::size_t>(index);
      if (i < profiles.size() && profiles[i].count(name) > 0)
        return profiles[i].at(name)[static_cast<std::size_t>(selector)];
      // Not asked for by a profile: dynamic dimensions from 1 to 4, best at 2.
      Dims dims = dims_of(io(name).dims);
      for (int i = 0; i < dims.nbDims; ++i) {
        if (dims.d[i] < 0)
          dims.d[i] = selector == OptProfileSelector::kMIN ? 1 : selector == OptProfileSelector::kOPT ? 2 : 4;
      }
      return dims;
    }
    IEngineInspector* createEngineInspector() const noexcept override { return new Inspector(told); }
    IExecutionContext* createExecutionContext(ExecutionContextAllocationStrategy) noexcept override {
      need_context("createExecutionContext");
      for (const Statement& statement : script.all("context-error")) log_error(statement.rest);
      return script.has("context-error") ? nullptr : new Context(script, profiles, timed);
    }
    const std::string told;
    const Script script;
    const std::vector<ProfileRanges> profiles;
    const std::vector<TimedLayer> timed;
    const std::vector<IoDeclaration> inputs, outputs;
  } impl_;
};

}  // namespace

ICudaEngine* make_engine(const std::string& bytes) {
  const std::string mark = "FAKE ENGINE\n";
  if (bytes.rfind(mark, 0) != 0) return nullptr;
  const auto end = bytes.find('\n', mark.size());
  return new Engine(bytes.substr(mark.size(), end - mark.size()), bytes.substr(end + 1));
}

}  // namespace fake
