#pragma once

#include <NvInfer.h>

#include <memory>
#include <string>
#include <vector>

#include "build_request.h"
#include "cuda_context.h"
#include "library.h"

namespace calib::tensorrt {

/** One input or output of an engine. */
struct IoTensor {
  std::string name;
  bool is_input;
  nvinfer1::DataType type;
  Shape shape;
  /** Inputs only: one entry per profile. */
  std::vector<ShapeRange> profile_shapes;
  /** Whether TensorRT reads or writes it in the host's memory (shape tensors). */
  bool is_on_host;
};

/** A deserialised engine. Its runners keep it alive. May be used from any thread, but only by one at a time. */
class Engine {
 public:
  /**
   * Throws engine-refused, out-of-memory, wrong-argument (no such GPU) and the errors of the driver. TensorRT is not
   * protected against hostile engines: load only engines that our own build wrote.
   */
  static std::shared_ptr<Engine> load(std::shared_ptr<Library> library, const Bytes& bytes, int device);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::vector<IoTensor>& io() const noexcept { return io_; }
  const std::string& name() const noexcept { return name_; }
  int profile_count() const noexcept { return profile_count_; }
  int layer_count() const noexcept { return layer_count_; }
  /** Scratch memory of one execution context. */
  std::uint64_t context_memory_bytes() const noexcept { return context_memory_bytes_; }
  /** JSON of TensorRT's engine inspector. Throws internal. */
  std::string inspect() const;

  const PrimaryContext& context() const noexcept { return context_; }
  nvinfer1::ICudaEngine& native() const noexcept { return *engine_; }

 private:
  Engine(std::shared_ptr<Library> library, const Bytes& bytes, int device);
  void describe();

  // In the order of dependencies: the engine is destroyed first, the library last.
  const std::shared_ptr<Library> library_;
  const PrimaryContext context_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;

  std::vector<IoTensor> io_;
  std::string name_;
  int profile_count_ = 0;
  int layer_count_ = 0;
  std::uint64_t context_memory_bytes_ = 0;
};

}  // namespace calib::tensorrt
