#include "builder_config.h"

#include "codes.h"

// The precision flags are deprecated since TensorRT 10.12 and removed in 11.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace calib::tensorrt {

using nvinfer1::BuilderFlag;
using nvinfer1::OptProfileSelector;

void set_options(nvinfer1::IBuilderConfig& config, const BuildRequest& request) {
  // TF32 is enabled by default.
  if (request.allows_tf32) {
    config.setFlag(BuilderFlag::kTF32);
  } else {
    config.clearFlag(BuilderFlag::kTF32);
  }
  if (request.allows_sparsity) config.setFlag(BuilderFlag::kSPARSE_WEIGHTS);
  if (request.is_version_compatible) config.setFlag(BuilderFlag::kVERSION_COMPATIBLE);
#if NV_TENSORRT_MAJOR < 11
  if (request.allows_fp16) config.setFlag(BuilderFlag::kFP16);
  if (request.allows_int8) config.setFlag(BuilderFlag::kINT8);
  if (!request.layer_precisions.empty()) {
    config.setFlag(request.obeys_precisions ? BuilderFlag::kOBEY_PRECISION_CONSTRAINTS
                                            : BuilderFlag::kPREFER_PRECISION_CONSTRAINTS);
  }
#endif
  config.setProfilingVerbosity(nvinfer1::ProfilingVerbosity::kDETAILED);
  config.setBuilderOptimizationLevel(request.optimization_level);
  if (request.workspace_bytes)
    config.setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, *request.workspace_bytes);
  if (request.auxiliary_streams) static_cast<void>(config.setMaxAuxStreams(*request.auxiliary_streams));
}

void add_profiles(nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config, const std::vector<Profile>& profiles,
                  const LogCapture& log) {
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    // The builder owns its profiles.
    nvinfer1::IOptimizationProfile* profile = builder.createOptimizationProfile();
    if (profile == nullptr)
      log.raise(kBuildFailed, "TensorRT makes no profile: " + log.last_error("it gives no reason"));
    for (const auto& [name, range] : profiles[i]) {
      if (!profile->setDimensions(name.c_str(), OptProfileSelector::kMIN, dims_of(range.min, name)) ||
          !profile->setDimensions(name.c_str(), OptProfileSelector::kOPT, dims_of(range.opt, name)) ||
          !profile->setDimensions(name.c_str(), OptProfileSelector::kMAX, dims_of(range.max, name))) {
        log.raise(kWrongArgument, "TensorRT refuses the shapes of input \"" + name + "\" in profile " +
                                      std::to_string(i) + ": " + log.last_error("it gives no reason"));
      }
    }
    if (config.addOptimizationProfile(profile) < 0) {
      log.raise(kWrongArgument,
                "TensorRT refuses profile " + std::to_string(i) + ": " + log.last_error("it gives no reason"));
    }
  }
}

std::unique_ptr<nvinfer1::ITimingCache> attach_timing_cache(nvinfer1::IBuilderConfig& config,
                                                            const std::optional<Bytes>& bytes, LogCapture& log) {
  if (bytes && !bytes->empty()) {
    std::unique_ptr<nvinfer1::ITimingCache> given(config.createTimingCache(bytes->data(), bytes->size()));
    if (given && config.setTimingCache(*given, false)) return given;
    log.warn("TensorRT refuses the timing cache (made by another version or GPU?); the build starts without one");
  }
  std::unique_ptr<nvinfer1::ITimingCache> empty(config.createTimingCache(nullptr, 0));
  if (!empty || !config.setTimingCache(*empty, false))
    log.warn("TensorRT makes no timing cache; the build goes without one");
  return empty;
}

}  // namespace calib::tensorrt
