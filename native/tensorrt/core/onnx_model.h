#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include "build_request.h"

namespace calib::tensorrt {

/**
 * Reads an ONNX model into the parser's network. Throws build-failed, which quotes every error of the parser, or
 * out-of-memory.
 */
void parse_model(nvonnxparser::IParser& parser, const BuildRequest& request, const LogCapture& log);

/**
 * Throws wrong-argument with the name of the input unless the profiles fit the network's inputs and cover all dynamic
 * ones.
 */
void check_profiles(const nvinfer1::INetworkDefinition& network, const std::vector<Profile>& profiles);

}  // namespace calib::tensorrt
