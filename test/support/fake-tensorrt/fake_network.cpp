#include <map>

#include "fake_nvinfer.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace fake {

namespace {

class Tensor final : public ITensor {
 public:
  Tensor(std::string name, DataType type, Dims dims, bool is_output) {
    impl_.name = std::move(name);
    impl_.type = type;
    impl_.dims = dims;
    impl_.is_output = is_output;
    mImpl = &impl_;
  }

 private:
  struct Impl final : TensorStub {
    char const* getName() const noexcept override { return name.c_str(); }
    Dims getDimensions() const noexcept override { return dims; }
    DataType getType() const noexcept override { return type; }
    bool isShapeTensor() const noexcept override { return false; }
    bool isNetworkOutput() const noexcept override { return is_output; }
    std::string name;
    DataType type = DataType::kFLOAT;
    Dims dims{};
    bool is_output = false;
  } impl_;
};

class Layer final : public ILayer {
 public:
  Layer(std::string name, std::string node, LayerType type, bool is_last)
      : output_(name + "_output", DataType::kFLOAT, {}, is_last) {
    impl_.name = std::move(name);
    impl_.note = "[ONNX Layer: " + node + "]";
    impl_.type = type;
    impl_.output = &output_;
    mLayer = &impl_;
  }
  std::string requests() const {
    std::string text;
    for (const auto& [what, value] : impl_.asked)
      text += (text.empty() ? "" : ",") + what + "=" + std::to_string(value);
    return text.empty() ? "" : impl_.name + ":" + text;
  }

 private:
  struct Impl final : LayerStub {
    LayerType getType() const noexcept override { return type; }
    char const* getName() const noexcept override { return name.c_str(); }
    char const* getMetadata() const noexcept override { return note.c_str(); }
    std::int32_t getNbOutputs() const noexcept override { return 1; }
    ITensor* getOutput(std::int32_t) const noexcept override { return output; }
    void setPrecision(DataType value) noexcept override { asked["precision"] = static_cast<int>(value); }
    void setOutputType(std::int32_t, DataType value) noexcept override { asked["output"] = static_cast<int>(value); }
    std::string name, note;
    LayerType type = LayerType::kCONVOLUTION;
    Tensor* output = nullptr;
    std::map<std::string, int> asked;
  } impl_;
  Tensor output_;
};

class Network final : public INetworkDefinition {
 public:
  Network() { mImpl = &impl_; }
  void load(const std::string& text) {
    script = std::make_unique<Script>(text);
    for (const IoDeclaration& input : declarations(*script, "input")) {
      impl_.inputs.push_back(std::make_unique<Tensor>(input.name, input.type, dims_of(input.dims), false));
    }
    const auto layers = script->all("layer");
    for (const Statement& statement : layers) {
      auto words = statement.words();
      std::string name, node;
      words >> name >> node;
      const bool is_last = &statement == &layers.back();
      impl_.layers.push_back(
          std::make_unique<Layer>(name, node.empty() ? name : node, LayerType::kCONVOLUTION, is_last));
    }
    for (const Statement& statement : script->all("constant"))
      impl_.layers.push_back(std::make_unique<Layer>(statement.rest, statement.rest, LayerType::kCONSTANT, false));
  }
  std::string requests() const {
    std::string text;
    for (const auto& layer : impl_.layers) {
      const std::string asked = layer->requests();
      if (!asked.empty()) text += (text.empty() ? "" : " ") + asked;
    }
    return text;
  }
  std::unique_ptr<Script> script = std::make_unique<Script>("");

 private:
  struct Impl final : NetworkDefinitionStub {
    std::int32_t getNbInputs() const noexcept override { return static_cast<std::int32_t>(inputs.size()); }
    ITensor* getInput(std::int32_t i) const noexcept override { return inputs[static_cast<std::size_t>(i)].get(); }
    std::int32_t getNbLayers() const noexcept override { return static_cast<std::int32_t>(layers.size()); }
    ILayer* getLayer(std::int32_t i) const noexcept override { return layers[static_cast<std::size_t>(i)].get(); }
    std::vector<std::unique_ptr<Tensor>> inputs;
    std::vector<std::unique_ptr<Layer>> layers;
  } impl_;
};

}  // namespace

INetworkDefinition* make_network(NetworkDefinitionCreationFlags) {
  return new Network;
}
const Script& script_of(const INetworkDefinition& network) {
  return *static_cast<const Network&>(network).script;
}
std::string layer_requests(const INetworkDefinition& network) {
  return static_cast<const Network&>(network).requests();
}

}  // namespace fake

extern "C" void fake_network_load(nvinfer1::INetworkDefinition* network, char const* script, std::size_t size) {
  static_cast<fake::Network*>(network)->load(std::string(script, size));
}
