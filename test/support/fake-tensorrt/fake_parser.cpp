// A libnvonnxparser.so.10 that reads scripts.
#include <NvOnnxParser.h>

#include <memory>
#include <string>
#include <vector>

#include "fake_nvinfer.h"

namespace {

using nvonnxparser::ErrorCode;

struct ParserError final : nvonnxparser::IParserError {
  ErrorCode code() const override { return error_code; }
  char const* desc() const override { return text.c_str(); }
  char const* file() const override { return "fake.cpp"; }
  int line() const override { return 1; }
  char const* func() const override { return "fake"; }
  int node() const override { return 0; }
  char const* nodeName() const override { return node_name.c_str(); }
  char const* nodeOperator() const override { return op.c_str(); }
  char const* const* localFunctionStack() const override { return nullptr; }
  std::int32_t localFunctionStackSize() const override { return 0; }
  ErrorCode error_code = ErrorCode::kSUCCESS;
  std::string node_name, op, text;
};

class Parser final : public nvonnxparser::IParser {
 public:
  explicit Parser(nvinfer1::INetworkDefinition* network) : network_(network) {}

  bool parse(void const* model, std::size_t size, char const* path) noexcept override {
    const fake::Script script(std::string(static_cast<char const*>(model), size));
    for (const fake::Statement& statement : script.all("parse-error")) {
      auto words = statement.words();
      int code = 0;
      ParserError error;
      words >> code >> error.node_name >> error.op >> std::ws;
      std::getline(words, error.text);
      error.error_code = static_cast<ErrorCode>(code);
      errors_.push_back(error);
    }
    if (script.has("echo-path")) errors_.emplace_back().text = path;
    if (!errors_.empty() || script.has("parse-fails")) return false;
    fake_network_load(network_, static_cast<char const*>(model), size);
    return true;
  }
  int getNbErrors() const noexcept override { return static_cast<int>(errors_.size()); }
  nvonnxparser::IParserError const* getError(int index) const noexcept override {
    return &errors_[static_cast<std::size_t>(index)];
  }

  bool parseFromFile(char const*, int) noexcept override { fake::unserved("parseFromFile"); }
  bool supportsModel(void const*, std::size_t, SubGraphCollection_t&, char const*) noexcept override {
    fake::unserved("supportsModel");
  }
  bool parseWithWeightDescriptors(void const*, std::size_t) noexcept override {
    fake::unserved("parseWithWeightDescriptors");
  }
  bool supportsOperator(char const*) const noexcept override { fake::unserved("supportsOperator"); }
  void clearErrors() noexcept override { errors_.clear(); }
  char const* const* getUsedVCPluginLibraries(std::int64_t&) const noexcept override {
    fake::unserved("getUsedVCPluginLibraries");
  }
  void setFlags(nvonnxparser::OnnxParserFlags) noexcept override { fake::unserved("setFlags"); }
  nvonnxparser::OnnxParserFlags getFlags() const noexcept override { fake::unserved("getFlags"); }
  void clearFlag(nvonnxparser::OnnxParserFlag) noexcept override { fake::unserved("clearFlag"); }
  void setFlag(nvonnxparser::OnnxParserFlag) noexcept override { fake::unserved("setFlag"); }
  bool getFlag(nvonnxparser::OnnxParserFlag) const noexcept override { fake::unserved("getFlag"); }
  nvinfer1::ITensor const* getLayerOutputTensor(char const*, std::int64_t) noexcept override {
    fake::unserved("getLayerOutputTensor");
  }
  bool supportsModelV2(void const*, std::size_t, char const*) noexcept override { fake::unserved("supportsModelV2"); }
  std::int64_t getNbSubgraphs() noexcept override { fake::unserved("getNbSubgraphs"); }
  bool isSubgraphSupported(std::int64_t) noexcept override { fake::unserved("isSubgraphSupported"); }
  std::int64_t* getSubgraphNodes(std::int64_t, std::int64_t&) noexcept override { fake::unserved("getSubgraphNodes"); }
  bool loadModelProto(void const*, std::size_t, char const*) noexcept override { fake::unserved("loadModelProto"); }
  bool loadInitializer(char const*, void const*, std::size_t) noexcept override { fake::unserved("loadInitializer"); }
  bool parseModelProto() noexcept override { fake::unserved("parseModelProto"); }
  bool setBuilderConfig(nvinfer1::IBuilderConfig const*) noexcept override { fake::unserved("setBuilderConfig"); }

 private:
  nvinfer1::INetworkDefinition* const network_;
  std::vector<ParserError> errors_;
};

}  // namespace

extern "C" void* createNvOnnxParser_INTERNAL(void* network, void*, int) noexcept {
  return static_cast<nvonnxparser::IParser*>(new Parser(static_cast<nvinfer1::INetworkDefinition*>(network)));
}
