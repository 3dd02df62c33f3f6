#include "onnx_model.h"

#include <algorithm>

#include "codes.h"

namespace calib::tensorrt {

namespace {

constexpr int kQuotedErrors = 20;

const char* name_of(nvonnxparser::ErrorCode code) {
  switch (code) {
    case nvonnxparser::ErrorCode::kSUCCESS:
      return "success";
    case nvonnxparser::ErrorCode::kINTERNAL_ERROR:
      return "internal error";
    case nvonnxparser::ErrorCode::kMEM_ALLOC_FAILED:
      return "out of memory";
    case nvonnxparser::ErrorCode::kMODEL_DESERIALIZE_FAILED:
      return "not an ONNX model";
    case nvonnxparser::ErrorCode::kINVALID_VALUE:
      return "invalid value";
    case nvonnxparser::ErrorCode::kINVALID_GRAPH:
      return "invalid graph";
    case nvonnxparser::ErrorCode::kINVALID_NODE:
      return "invalid node";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_GRAPH:
      return "unsupported graph";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE:
      return "unsupported node";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE_ATTR:
      return "unsupported attribute";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE_INPUT:
      return "unsupported input";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE_DATATYPE:
      return "unsupported data type";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE_DYNAMIC:
      return "unsupported dynamic shape";
    case nvonnxparser::ErrorCode::kUNSUPPORTED_NODE_SHAPE:
      return "unsupported shape";
    case nvonnxparser::ErrorCode::kREFIT_FAILED:
      break;
  }
  return "error";
}

std::string quoted(const nvonnxparser::IParserError& error) {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  const std::string node = text(error.nodeName());
  const std::string op = text(error.nodeOperator());
  std::string line = name_of(error.code());
  if (!node.empty()) line += " at \"" + node + "\"";
  if (!op.empty()) line += " (" + op + ")";
  return line + ": " + text(error.desc());
}

bool fits(const Shape& shape, const Shape& network_shape) {
  if (shape.size() != network_shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0 || (network_shape[i] >= 0 && shape[i] != network_shape[i])) return false;
  }
  return true;
}

void check_range(const std::string& name, const ShapeRange& range, const Shape& network_shape) {
  for (const Shape* shape : {&range.min, &range.opt, &range.max}) {
    if (!fits(*shape, network_shape)) {
      throw Error(kWrongArgument, "A profile gives input \"" + name + "\" the shape " + shape_text(*shape) +
                                      ", but the model has " + shape_text(network_shape));
    }
  }
  for (std::size_t i = 0; i < range.min.size(); ++i) {
    if (range.min[i] > range.opt[i] || range.opt[i] > range.max[i]) {
      throw Error(kWrongArgument, "Expected min <= opt <= max for input \"" + name + "\", found " +
                                      shape_text(range.min) + ", " + shape_text(range.opt) + ", " +
                                      shape_text(range.max));
    }
  }
}

}  // namespace

void parse_model(nvonnxparser::IParser& parser, const BuildRequest& request, const LogCapture& log) {
  const bool is_parsed = parser.parse(request.model.data(), request.model.size(), request.model_path.c_str());
  const int errors = parser.getNbErrors();
  if (is_parsed && errors == 0) return;
  std::string message = "TensorRT's ONNX parser refuses the model";
  for (int i = 0; i < std::min(errors, kQuotedErrors); ++i) {
    const nvonnxparser::IParserError* error = parser.getError(i);
    if (error != nullptr) message += (i == 0 ? ": " : "; ") + quoted(*error);
  }
  if (errors > kQuotedErrors) message += "; and " + std::to_string(errors - kQuotedErrors) + " more";
  if (errors == 0) message += ": " + log.last_error("it gives no reason");
  log.raise(kBuildFailed, message);
}

void check_profiles(const nvinfer1::INetworkDefinition& network, const std::vector<Profile>& profiles) {
  std::map<std::string, Shape> inputs;
  for (std::int32_t i = 0; i < network.getNbInputs(); ++i) {
    const nvinfer1::ITensor* input = network.getInput(i);
    const Shape shape = shape_of(input->getDimensions());
    inputs[input->getName()] = shape;
    if (!is_dynamic(shape)) continue;
    const auto names = [&](const Profile& profile) { return profile.count(input->getName()) > 0; };
    if (profiles.empty() || !std::all_of(profiles.begin(), profiles.end(), names)) {
      throw Error(kWrongArgument, "Input \"" + std::string(input->getName()) + "\" has the shape " + shape_text(shape) +
                                      "; every profile must give it min, opt and max, and there must be a profile");
    }
  }
  for (const Profile& profile : profiles) {
    for (const auto& [name, range] : profile) {
      const auto found = inputs.find(name);
      if (found == inputs.end())
        throw Error(kWrongArgument, "A profile names \"" + name + "\", which is no input of the model");
      check_range(name, range, found->second);
    }
  }
}

}  // namespace calib::tensorrt
