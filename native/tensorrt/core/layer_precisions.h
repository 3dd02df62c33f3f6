#pragma once

#include <NvInfer.h>

#if NV_TENSORRT_MAJOR < 11

#include "build_request.h"

namespace calib::tensorrt {

/**
 * Requests the precision of layers from TensorRT. A network layer belongs to an ONNX node if it has the node's name, or
 * if the parser's metadata of the layer says so (one node may become several layers). Constants, and layers that do not
 * compute floating-point numbers, are not changed. fp32 and fp16 also set the output type; after an int8 layer, the
 * consumers determine the type that is written. Returns the requested names for which there is no layer, in their
 * order.
 */
std::vector<std::string> set_layer_precisions(nvinfer1::INetworkDefinition& network,
                                              const std::vector<LayerRequest>& requests);

}  // namespace calib::tensorrt

#endif
