#pragma once

#include <NvInfer.h>

#include <memory>

#include "build_request.h"

namespace calib::tensorrt {

/** Sets flags, limits and levels. Layer names and parameters are always kept in the engine for inspection. */
void set_options(nvinfer1::IBuilderConfig& config, const BuildRequest& request);

/** Throws wrong-argument for a profile that TensorRT refuses. The profiles must have passed check_profiles. */
void add_profiles(nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config, const std::vector<Profile>& profiles,
                  const LogCapture& log);

/**
 * Gives the builder a timing cache: `bytes`, or an empty one if there are none or TensorRT refuses them (with a warning
 * in the log). The returned cache must outlive the build.
 */
std::unique_ptr<nvinfer1::ITimingCache> attach_timing_cache(nvinfer1::IBuilderConfig& config,
                                                            const std::optional<Bytes>& bytes, LogCapture& log);

}  // namespace calib::tensorrt
