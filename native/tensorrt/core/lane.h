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
  /** Shapes of the inputs; those of fixed shape may be absent. */
  std::map<std::string, Shape> shapes;
  /** Streams that run side by side. */
  int streams = 1;
};

/**
 * Memory of one output whose shape only its values decide: as large as TensorRT says that it can get. Remembers the
 * shape of the last run.
 */
class FixedOutput final : public nvinfer1::IOutputAllocator {
 public:
  FixedOutput(void* memory, std::uint64_t capacity_bytes) : memory_(memory), capacity_bytes_(capacity_bytes) {}
  /** Null where the memory is too small, so that the run fails. */
  void* reallocateOutputAsync(char const* name, void* current, std::uint64_t size, std::uint64_t alignment,
                              cudaStream_t stream) override;
  void notifyShape(char const* name, nvinfer1::Dims const& dims) noexcept override;
  /** Of the last run that has ended. */
  const Shape& shape() const noexcept { return shape_; }

 private:
  void* const memory_;
  const std::uint64_t capacity_bytes_;
  Shape shape_;
};

/** One input or output with its memory on both sides. */
struct Binding {
  std::string name;
  bool is_input;
  nvinfer1::DataType type;
  /** -1 where only the values decide. */
  Shape shape;
  /** Size, or upper bound where the shape has a -1. */
  std::uint64_t size_bytes;
  std::unique_ptr<DeviceBuffer> device;
  std::unique_ptr<PinnedBuffer> host;
  /** Null unless the shape has a -1. */
  std::unique_ptr<FixedOutput> allocator;

  /** Shape of what the last run wrote. */
  const Shape& last_shape() const { return allocator ? allocator->shape() : shape; }
};

/**
 * One stream with an execution context and memory of its own. Made, used and destroyed while a PrimaryContext::Scope
 * lives on the thread. Inputs begin as pseudo-random numbers (floating point: in [-1, 1); int8 and uint8: any; others:
 * 0), since zeros would need less power and run faster than images do.
 */
class Lane {
 public:
  /** Throws wrong-argument for shapes that do not fit, out-of-memory, internal. */
  Lane(const Engine& engine, const RunnerOptions& options);
  /** Waits for what is under way: TensorRT leaves open what happens when memory in use is freed. */
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const std::vector<Binding>& bindings() const noexcept { return bindings_; }
  const Stream& stream() const noexcept { return stream_; }
  nvinfer1::IExecutionContext& context() const noexcept { return *context_; }

  // What follows is added to the stream; nothing waits.
  void copy_inputs_in() const;
  /** Outputs whose shape only the values decide are copied in full. */
  void copy_outputs_out() const;
  /** Throws internal or out-of-memory with the reason that TensorRT left in `log`. */
  void enqueue(const LogCapture& log) const;

  /** Captures one run as a CUDA graph unless that was done before. Throws capture-failed. */
  void capture(const LogCapture& log);
  /** After capture. */
  void launch() const { graph_->launch(stream_); }

 private:
  void set_input_shapes(const RunnerOptions& options);
  void bind(const IoTensor& tensor);
  void fill_inputs() const;

  Stream stream_;
  // Memory that the context writes to is declared before it, hence outlives it.
  std::vector<Binding> bindings_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  std::optional<GraphExec> graph_;
};

}  // namespace calib::tensorrt
