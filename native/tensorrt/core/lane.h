#pragma once

#include <NvInfer.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda_objects.h"
#include "engine.h"
#include "message_log.h"

namespace calib::tensorrt {

struct RunnerOptions {
  int profile = 0;
  /** Shapes of the inputs; inputs of fixed shape may be omitted. */
  std::map<std::string, Shape> shapes;
  /** Number of parallel streams. */
  int streams = 1;
};

/**
 * Memory of one output whose shape depends on its values; it has the maximum size that TensorRT reports. Stores the
 * shape of the last run.
 */
class FixedOutput final : public nvinfer1::IOutputAllocator {
 public:
  FixedOutput(void* memory, std::uint64_t capacity_bytes) : memory_(memory), capacity_bytes_(capacity_bytes) {}
  /** Null if the memory is too small, so that the run fails. */
  void* reallocateOutputAsync(char const* name, void* current, std::uint64_t size, std::uint64_t alignment,
                              cudaStream_t stream) override;
  void notifyShape(char const* name, nvinfer1::Dims const& dims) noexcept override;
  /** Shape of the last completed run. */
  const Shape& shape() const noexcept { return shape_; }

 private:
  void* const memory_;
  const std::uint64_t capacity_bytes_;
  Shape shape_;
};

/** One input or output with its memory on the host and on the GPU. */
struct Binding {
  std::string name;
  bool is_input;
  nvinfer1::DataType type;
  /** -1 for a dimension that depends on the values. */
  Shape shape;
  /** Size, or upper bound if the shape has a -1. */
  std::uint64_t size_bytes;
  std::unique_ptr<DeviceBuffer> device;
  std::unique_ptr<PinnedBuffer> host;
  /** Null unless the shape has a -1. */
  std::unique_ptr<FixedOutput> allocator;

  /** Shape of the output that the last run wrote. */
  const Shape& last_shape() const { return allocator ? allocator->shape() : shape; }
};

/**
 * One stream with its own execution context and memory. Must be created, used and destroyed while the thread has a
 * PrimaryContext::Scope. Inputs are initially pseudo-random numbers (floating point: in [-1, 1); int8 and uint8: any
 * value; others: 0), because zeros would need less power and run faster than images.
 */
class Lane {
 public:
  /** Throws wrong-argument for shapes that do not fit, out-of-memory, internal. */
  Lane(const Engine& engine, const RunnerOptions& options);
  /** Waits for pending work, because it is undefined what happens if TensorRT's memory is freed while in use. */
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const std::vector<Binding>& bindings() const noexcept { return bindings_; }
  const Stream& stream() const noexcept { return stream_; }
  nvinfer1::IExecutionContext& context() const noexcept { return *context_; }

  // The following functions add work to the stream and do not wait.
  void copy_inputs_in() const;
  /** Outputs whose shape depends on their values are copied in full. */
  void copy_outputs_out() const;
  /** Throws internal or out-of-memory with the reason that TensorRT reported in `log`. */
  void enqueue(const LogCapture& log) const;

  /** Captures one run as a CUDA graph unless there is one already. Throws capture-failed. */
  void capture(const LogCapture& log);
  /** Must be called after capture. */
  void launch() const { graph_->launch(stream_); }

 private:
  void set_input_shapes(const RunnerOptions& options);
  void bind(const IoTensor& tensor);
  void fill_inputs() const;

  Stream stream_;
  // Memory that the context writes to is declared before the context, so that it outlives it.
  std::vector<Binding> bindings_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  std::optional<GraphExec> graph_;
};

}  // namespace calib::tensorrt
