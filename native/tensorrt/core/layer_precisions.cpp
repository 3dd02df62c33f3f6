#include "layer_precisions.h"

#if NV_TENSORRT_MAJOR < 11

#include <algorithm>

// Precisions of layers are deprecated since TensorRT 10.12 and removed in 11.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace calib::tensorrt {

namespace {

using nvinfer1::DataType;
using nvinfer1::ILayer;
using nvinfer1::LayerType;

DataType type_of(LayerPrecision precision) {
  switch (precision) {
    case LayerPrecision::kFp16:
      return DataType::kHALF;
    case LayerPrecision::kInt8:
      return DataType::kINT8;
    case LayerPrecision::kFp32:
      break;
  }
  return DataType::kFLOAT;
}

bool is_float(DataType type) {
  return type == DataType::kFLOAT || type == DataType::kHALF || type == DataType::kBF16;
}

bool has_type(const ILayer& layer) {
  switch (layer.getType()) {
    case LayerType::kCONSTANT:
    case LayerType::kSHAPE:
    case LayerType::kCAST:
    case LayerType::kQUANTIZE:
    case LayerType::kDEQUANTIZE:
      return false;
    default:
      return true;
  }
}

void set_precision(ILayer& layer, LayerPrecision precision) {
  bool computes_floats = false;
  for (std::int32_t i = 0; i < layer.getNbOutputs(); ++i) {
    const nvinfer1::ITensor* output = layer.getOutput(i);
    if (output == nullptr || output->isShapeTensor() || !is_float(output->getType())) continue;
    computes_floats = true;
    // The type of an output of the model is part of its interface and is not changed.
    if (precision != LayerPrecision::kInt8 && !output->isNetworkOutput()) layer.setOutputType(i, type_of(precision));
  }
  if (computes_floats) layer.setPrecision(type_of(precision));
}

bool belongs_to(const ILayer& layer, const std::string& node) {
  const char* name = layer.getName();
  if (name != nullptr && node == name) return true;
  const char* note = layer.getMetadata();
  return note != nullptr && std::string(note).find("[ONNX Layer: " + node + "]") != std::string::npos;
}

}  // namespace

std::vector<std::string> set_layer_precisions(nvinfer1::INetworkDefinition& network,
                                              const std::vector<LayerRequest>& requests) {
  std::vector<std::string> ignored;
  for (const LayerRequest& request : requests) {
    bool is_found = false;
    for (std::int32_t i = 0; i < network.getNbLayers(); ++i) {
      ILayer* layer = network.getLayer(i);
      if (layer == nullptr || !belongs_to(*layer, request.layer)) continue;
      is_found = true;
      if (has_type(*layer)) set_precision(*layer, request.precision);
    }
    if (!is_found) ignored.push_back(request.layer);
  }
  return ignored;
}

}  // namespace calib::tensorrt

#endif
