#pragma once

#include <NvInfer.h>

#if NV_TENSORRT_MAJOR < 11

#include "build_request.h"

namespace calib::tensorrt {

/**
 * Asks TensorRT for the precision of layers. A network layer belongs to an ONNX node when it has the node's name, or
 * when the parser's note on it says so (one node may become several layers). Constants, and layers that compute no
 * floating point numbers, are left alone. fp32 and fp16 bind the output too; after an int8 layer the consumers decide
 * what is written. Returns the requested names that no layer carries, in their order.
 */
std::vector<std::string> set_layer_precisions(nvinfer1::INetworkDefinition& network,
                                              const std::vector<LayerRequest>& requests);

}  // namespace calib::tensorrt

#endif
