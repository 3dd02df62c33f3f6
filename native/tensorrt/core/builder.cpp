#include "builder.h"

#include <chrono>

#include "builder_config.h"
#include "calibration_cache.h"
#include "codes.h"
#include "cuda_context.h"
#include "kernel_selector.h"
#include "layer_precisions.h"
#include "onnx_model.h"
#include "progress_monitor.h"

namespace calib::tensorrt {

namespace {

Bytes bytes_of(const nvinfer1::IHostMemory& memory) {
  const auto* data = static_cast<const std::uint8_t*>(memory.data());
  return Bytes(data, data + memory.size());
}

void stop_if(const CancelFlags& cancel, const LogCapture& log) {
  if (is_any_set(cancel)) throw LoggedError(kCancelled, "The build was cancelled", log.messages());
}

nvinfer1::NetworkDefinitionCreationFlags network_flags(const BuildRequest& request) {
#if NV_TENSORRT_MAJOR < 11
  if (request.is_strongly_typed)
    return 1U << static_cast<unsigned>(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
  // Every network of this major is strongly typed.
  static_cast<void>(request);
#endif
  return 0;
}

void check_request(const BuildRequest& request) {
  if (request.model.empty()) throw Error(kWrongArgument, "The model is empty");
  if (request.kernels) {
    if (NV_TENSORRT_MAJOR >= 11) throw Error(kWrongArgument, "Kernels can be chosen with TensorRT 10 only");
    if (request.profiles.size() > 1)
      throw Error(kWrongArgument, "Kernels can be chosen for engines with one profile only");
  }
  if (!request.is_strongly_typed) {
    if (NV_TENSORRT_MAJOR >= 11)
      throw Error(kWrongArgument, "TensorRT 11 has strongly typed networks only; the precisions stand in the model");
    if (request.calibration_cache && !request.allows_int8)
      throw Error(kWrongArgument, "A calibration cache needs int8 among the precisions");
    return;
  }
  if (request.allows_fp16 || request.allows_int8 || request.calibration_cache || !request.layer_precisions.empty()) {
    throw Error(kWrongArgument,
                "Precisions, layer precisions and a calibration cache need weak typing; with strong typing they stand "
                "in the model");
  }
}

}  // namespace

BuiltEngine build_engine(Library& library, const BuildRequest& request, const ProgressCallback& on_progress,
                         const CancelFlags& cancel) {
  check_request(request);
  library.check_parser();
  const auto started = std::chrono::steady_clock::now();
  const PrimaryContext context(request.device);
  const PrimaryContext::Scope scope(context);
  LogCapture log;
  ProgressMonitor monitor(on_progress, cancel);
  BuiltEngine built;

  stop_if(cancel, log);
  monitor.report_own_phase("Start TensorRT");
  const auto builder = library.create_builder(log);
  stop_if(cancel, log);
  monitor.report_own_phase("Read the model");
  const std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(network_flags(request)));
  if (!network) log.raise(kBuildFailed, "TensorRT makes no network: " + log.last_error("it gives no reason"));
  const auto parser = library.create_parser(*network, log);
  parse_model(*parser, request, log);
  check_profiles(*network, request.profiles);
#if NV_TENSORRT_MAJOR < 11
  const auto calibrator = request.calibration_cache ? calibrator_of(*request.calibration_cache) : nullptr;
  built.ignored_layers = set_layer_precisions(*network, request.layer_precisions);
#endif

  // Declared before the configuration, which refers to them.
  std::unique_ptr<nvinfer1::ITimingCache> timing_cache;
#if NV_TENSORRT_MAJOR < 11
  KernelSelector kernel_selector(request.kernels.value_or(std::vector<KernelChoice>()));
#endif
  const std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  if (!config) log.raise(kBuildFailed, "TensorRT makes no configuration: " + log.last_error("it gives no reason"));
  set_options(*config, request);
  add_profiles(*builder, *config, request.profiles, log);
  if (request.kernels) {
    // So that every kernel is timed and offered; with a cache the builder might offer only those that it took before.
    config->setFlag(nvinfer1::BuilderFlag::kDISABLE_TIMING_CACHE);
  } else {
    timing_cache = attach_timing_cache(*config, request.timing_cache, log);
  }
  config->setProgressMonitor(&monitor);
#if NV_TENSORRT_MAJOR < 11
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  if (calibrator) config->setInt8Calibrator(calibrator.get());
  if (request.kernels) config->setAlgorithmSelector(&kernel_selector);
#pragma GCC diagnostic pop
#endif

  stop_if(cancel, log);
  const std::unique_ptr<nvinfer1::IHostMemory> serialized(builder->buildSerializedNetwork(*network, *config));
  stop_if(cancel, log);
  if (!serialized || serialized->size() == 0)
    log.raise(kBuildFailed, "TensorRT built no engine: " + log.last_error("it gives no reason"));
  built.engine = bytes_of(*serialized);
  if (const auto* used = request.kernels ? nullptr : config->getTimingCache(); used != nullptr) {
    const std::unique_ptr<nvinfer1::IHostMemory> cache(used->serialize());
    if (cache) built.timing_cache = bytes_of(*cache);
  }
#if NV_TENSORRT_MAJOR < 11
  if (request.kernels) built.kernels = kernel_selector.layers();
#endif
  built.log = log.messages();
  built.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return built;
}

}  // namespace calib::tensorrt
