#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../core/tensor_counts.h"
#include "api.h"

namespace calib::ort {

/** The values of one input of the model; they belong to the caller. */
struct FeedView {
  std::size_t input;
  std::int32_t element_type;
  std::vector<std::int64_t> dims;
  void* data;
  std::size_t size_bytes;
};

struct CollectorOptions {
  /** The encoded model with one CountValues operator for each tensor to count, see counting-model.ts. */
  const void* model;
  std::size_t model_bytes;
  /** Folder of the external weights, UTF-8. */
  std::string weights_dir;
  std::vector<std::string> inputs;
  /** For each input the tensor that it is counted as, or -1. */
  std::vector<std::int64_t> input_tensors;
  /** An output of the model; empty if the model has no tensor to count apart from its inputs. */
  std::string output;
  /** The channel axis of each tensor, or ChannelMaxima::kNone. */
  std::vector<std::int64_t> axes;
  /** Tensors that have no CountValues operator, in the order of the graph. */
  std::vector<Derived> derived;
  /** The model is run as it is written: ONNX Runtime has optimized it before. */
  bool is_optimized = false;
  /** Where ONNX Runtime writes the model as it has optimized it, UTF-8; its weights go to `kWeightsFile` beside it. */
  std::string optimized_path;
};

/** File of the larger weights of an optimized model, in the folder of the model. */
inline constexpr const char* kWeightsFile = "weights.bin";

/**
 * Runs a model in ONNX Runtime and counts its tensors inside the run, by an operator that reads the values where they
 * are. One thread at a time.
 */
class Collector {
 public:
  /** Opens a session with one thread. @throws Error kRuntimeFailed */
  Collector(const Functions& functions, const CollectorOptions& options);
  ~Collector();

  /** Runs one batch and counts its tensors. @throws Error kRuntimeFailed, kInvalidArgument */
  ImageCounts count(const std::vector<FeedView>& feeds, CountRequest request);
  /** Runs one batch and describes its tensors; no value for tensors that are not float32. */
  std::vector<std::optional<Fingerprint>> fingerprints(const std::vector<FeedView>& feeds, std::size_t slots);

  TensorCounts& counts() { return counts_; }

 private:
  struct CountOp;
  struct Kernel;

  void run(const std::vector<FeedView>& feeds);
  /** A tensor of the current run. */
  void visit(std::size_t tensor, const TensorView& view);

  const Functions& functions_;
  TensorCounts counts_;
  std::vector<std::string> inputs_;
  std::vector<std::int64_t> input_tensors_;
  std::string output_;
  /** null while values are counted. */
  std::vector<std::optional<Fingerprint>>* fingerprints_ = nullptr;
  std::size_t slots_ = 1;
  /** The operator is used until the session is closed. */
  std::unique_ptr<CountOp> op_;
  Owned<Env> env_;
  Owned<MemoryInfo> memory_;
  Owned<OpDomain> domain_;
  Owned<Session> session_;
};

}  // namespace calib::ort
