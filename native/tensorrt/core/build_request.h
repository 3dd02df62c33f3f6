#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "message_log.h"
#include "tensor_type.h"

namespace calib::tensorrt {

using Bytes = std::vector<std::uint8_t>;
/** Can be set from any thread; the working thread polls it. */
using CancelFlag = std::shared_ptr<std::atomic<bool>>;
/** If any of the flags is set, the work is cancelled. */
using CancelFlags = std::vector<CancelFlag>;

inline bool is_any_set(const CancelFlags& flags) {
  for (const CancelFlag& flag : flags) {
    if (flag->load()) return true;
  }
  return false;
}

enum class LayerPrecision { kFp32, kFp16, kInt8 };

/** The precision that is requested for one layer of the ONNX model. */
struct LayerRequest {
  std::string layer;
  LayerPrecision precision;
};

/** The kernel that a layer of the engine should have; see KernelChoice of native/tensorrt.d.ts. */
struct KernelChoice {
  std::string layer;
  std::string formats;
  std::string kernel;
};

/** A kernel that TensorRT has for a layer, with the time that the builder measured, in milliseconds. */
struct OfferedKernel {
  std::string formats;
  std::string kernel;
  double ms;
};

struct LayerKernels {
  std::string layer;
  std::vector<OfferedKernel> offered;
  /** Index among `offered`; absent if the builder reported none. */
  std::optional<std::size_t> chosen;
};

struct ShapeRange {
  Shape min, opt, max;
};

/** By name of the input. */
using Profile = std::map<std::string, ShapeRange>;

/** See BuildRequest of native/tensorrt.d.ts for the meaning of every field. */
struct BuildRequest {
  Bytes model;
  std::string model_path;
  int device = 0;
  bool is_strongly_typed = true;
  bool allows_fp16 = false;
  bool allows_int8 = false;
  bool allows_tf32 = false;
  bool allows_sparsity = false;
  std::optional<Bytes> calibration_cache;
  std::vector<LayerRequest> layer_precisions;
  bool obeys_precisions = false;
  std::optional<std::uint64_t> workspace_bytes;
  int optimization_level = 3;
  std::optional<int> auxiliary_streams;
  bool is_version_compatible = false;
  std::optional<Bytes> timing_cache;
  std::vector<Profile> profiles;
  std::optional<std::vector<KernelChoice>> kernels;
};

struct BuildProgress {
  std::string phase;
  /** Empty for a top-level phase. */
  std::string parent_phase;
  int step;
  int steps;
};

/** Called from any thread, one call at a time. */
using ProgressCallback = std::function<void(const BuildProgress&)>;

struct BuiltEngine {
  Bytes engine;
  std::optional<Bytes> timing_cache;
  double seconds = 0.0;
  std::vector<LogMessage> log;
  std::vector<std::string> ignored_layers;
  std::optional<std::vector<LayerKernels>> kernels;
};

}  // namespace calib::tensorrt
