#include "lane.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "codes.h"

namespace calib::tensorrt {

namespace {

using nvinfer1::DataType;

constexpr std::uint32_t kInputSeed = 20260101;

void check_input(const IoTensor& tensor, const RunnerOptions& options) {
  const auto found = options.shapes.find(tensor.name);
  if (found == options.shapes.end()) {
    if (is_dynamic(tensor.shape))
      throw Error(kWrongArgument,
                  "Expected a shape for input \"" + tensor.name + "\", whose shape is " + shape_text(tensor.shape));
    return;
  }
  const Shape& shape = found->second;
  const auto profile = static_cast<std::size_t>(options.profile);
  const bool has_range = profile < tensor.profile_shapes.size();
  const ShapeRange& range =
      has_range ? tensor.profile_shapes[profile] : ShapeRange{tensor.shape, tensor.shape, tensor.shape};
  bool is_inside = shape.size() == range.min.size() && shape.size() == range.max.size();
  for (std::size_t i = 0; is_inside && i < shape.size(); ++i)
    is_inside = shape[i] >= range.min[i] && shape[i] <= range.max[i];
  if (!is_inside) {
    throw Error(kWrongArgument, "Expected the shape of input \"" + tensor.name + "\" to be from " +
                                    shape_text(range.min) + " to " + shape_text(range.max) + ", found " +
                                    shape_text(shape));
  }
}

void check_tensor(const nvinfer1::ICudaEngine& engine, const IoTensor& tensor, const RunnerOptions& options) {
  if (tensor.is_on_host)
    throw Error(kWrongArgument,
                "\"" + tensor.name +
                    "\" is a shape tensor; engines with shape tensors as inputs or outputs cannot be run here");
  if (type_bytes(tensor.type) == 0)
    throw Error(kWrongArgument, "\"" + tensor.name + "\" has the type " + type_name(tensor.type) +
                                    ", which cannot be an input or output here");
  if (engine.getTensorFormat(tensor.name.c_str(), options.profile) != nvinfer1::TensorFormat::kLINEAR) {
    throw Error(
        kWrongArgument,
        "\"" + tensor.name + "\" is not stored row by row; engines with such inputs or outputs cannot be run here");
  }
  if (tensor.is_input) check_input(tensor, options);
}

void check_options(const Engine& engine, const RunnerOptions& options) {
  if (options.profile < 0 || options.profile >= engine.profile_count()) {
    throw Error(kWrongArgument, "Expected profile to be from 0 to " + std::to_string(engine.profile_count() - 1) +
                                    ", found " + std::to_string(options.profile));
  }
  for (const auto& entry : options.shapes) {
    const auto is_it = [&](const IoTensor& tensor) { return tensor.is_input && tensor.name == entry.first; };
    if (std::none_of(engine.io().begin(), engine.io().end(), is_it))
      throw Error(kWrongArgument, "\"" + entry.first + "\" is no input of the engine");
  }
  for (const IoTensor& tensor : engine.io()) check_tensor(engine.native(), tensor, options);
}

/** Bits of a float16 or bfloat16 with a random sign and mantissa and a magnitude between 2^-7 and 1. */
std::uint16_t random_half(std::minstd_rand& random, unsigned mantissa_bits, unsigned exponent_of_half) {
  const auto bits = static_cast<unsigned>(random());
  const unsigned exponent = exponent_of_half - bits % 7;
  return static_cast<std::uint16_t>(((bits >> 28) & 1U) << 15 | exponent << mantissa_bits |
                                    ((bits >> 8) & ((1U << mantissa_bits) - 1)));
}

template <typename Element, typename Make>
void fill(std::byte* data, std::uint64_t size_bytes, Make make) {
  for (std::uint64_t offset = 0; offset + sizeof(Element) <= size_bytes; offset += sizeof(Element)) {
    const Element value = make();
    std::memcpy(data + offset, &value, sizeof(Element));
  }
}

void fill_randomly(const Binding& binding, std::minstd_rand& random) {
  std::byte* data = binding.host->data();
  switch (binding.type) {
    case DataType::kFLOAT: {
      std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
      return fill<float>(data, binding.size_bytes, [&] { return distribution(random); });
    }
    case DataType::kHALF:
      return fill<std::uint16_t>(data, binding.size_bytes, [&] { return random_half(random, 10, 14); });
    case DataType::kBF16:
      return fill<std::uint16_t>(data, binding.size_bytes, [&] { return random_half(random, 7, 126); });
    case DataType::kINT8:
    case DataType::kUINT8:
      return fill<std::uint8_t>(data, binding.size_bytes, [&] { return static_cast<std::uint8_t>(random() >> 8); });
    default:
      // Integers may be indices, which must stay valid.
      std::memset(data, 0, binding.size_bytes);
  }
}

}  // namespace

void* FixedOutput::reallocateOutputAsync(char const* /*name*/, void* /*current*/, std::uint64_t size,
                                         std::uint64_t /*alignment*/, cudaStream_t /*stream*/) {
  return size <= capacity_bytes_ ? memory_ : nullptr;
}

void FixedOutput::notifyShape(char const* /*name*/, nvinfer1::Dims const& dims) noexcept {
  try {
    shape_ = shape_of(dims);
  } catch (...) {
    shape_.clear();
  }
}

Lane::Lane(const Engine& engine, const RunnerOptions& options) {
  check_options(engine, options);
  const LogCapture log;
  context_.reset(engine.native().createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kSTATIC));
  if (!context_) log.raise(kInternal, "TensorRT makes no execution context: " + log.last_error("it gives no reason"));
  if (!context_->setOptimizationProfileAsync(options.profile, stream_.get())) {
    log.raise(kInternal, "TensorRT refuses profile " + std::to_string(options.profile) + ": " +
                             log.last_error("it gives no reason"));
  }
  stream_.synchronize();
  set_input_shapes(options);
  if (context_->inferShapes(0, nullptr) != 0)
    log.raise(kWrongArgument,
              "TensorRT cannot tell the shapes of the outputs: " + log.last_error("it gives no reason"));
  for (const IoTensor& tensor : engine.io()) bind(tensor);
  fill_inputs();
}

Lane::~Lane() {
  try {
    stream_.synchronize();
  } catch (...) {
    // A failure on the stream was already reported when the work was enqueued.
  }
}

void Lane::set_input_shapes(const RunnerOptions& options) {
  const LogCapture log;
  for (const auto& [name, shape] : options.shapes) {
    if (!context_->setInputShape(name.c_str(), dims_of(shape, name))) {
      log.raise(kWrongArgument, "TensorRT refuses the shape " + shape_text(shape) + " for input \"" + name +
                                    "\": " + log.last_error("it gives no reason"));
    }
  }
}

void Lane::bind(const IoTensor& tensor) {
  const char* name = tensor.name.c_str();
  Binding binding;
  binding.name = tensor.name;
  binding.is_input = tensor.is_input;
  binding.type = tensor.type;
  const nvinfer1::Dims dims = context_->getTensorShape(name);
  if (dims.nbDims < 0) throw Error(kInternal, "TensorRT does not tell the shape of \"" + tensor.name + "\"");
  binding.shape = shape_of(dims);
  const bool is_bounded_only = is_dynamic(binding.shape);
  if (is_bounded_only) {
    const std::int64_t bound = tensor.is_input ? -1 : context_->getMaxOutputSize(name);
    if (bound < 0)
      throw Error(kWrongArgument, "TensorRT cannot bound the size of output \"" + tensor.name + "\", whose shape is " +
                                      shape_text(binding.shape));
    binding.size_bytes = static_cast<std::uint64_t>(bound);
  } else {
    binding.size_bytes = element_count(binding.shape, tensor.name) * type_bytes(tensor.type);
  }
  binding.device = std::make_unique<DeviceBuffer>(binding.size_bytes);
  binding.host = std::make_unique<PinnedBuffer>(binding.size_bytes);
  if (is_bounded_only) binding.allocator = std::make_unique<FixedOutput>(binding.device->pointer(), binding.size_bytes);
  const bool is_bound = context_->setTensorAddress(name, binding.device->pointer()) &&
                        (!binding.allocator || context_->setOutputAllocator(name, binding.allocator.get()));
  // Kept even after a failure, because the context may already have the address.
  bindings_.push_back(std::move(binding));
  if (!is_bound) throw Error(kInternal, "TensorRT does not take memory for \"" + tensor.name + "\"");
}

void Lane::fill_inputs() const {
  std::minstd_rand random(kInputSeed);
  for (const Binding& binding : bindings_) {
    if (binding.is_input) fill_randomly(binding, random);
  }
  copy_inputs_in();
  stream_.synchronize();
}

void Lane::copy_inputs_in() const {
  const CudaDriver& driver = CudaDriver::get();
  for (const Binding& binding : bindings_) {
    if (!binding.is_input || binding.size_bytes == 0) continue;
    driver.check(
        driver.memcpy_to_device(binding.device->address(), binding.host->data(), binding.size_bytes, stream_.get()),
        "Copying an input to the GPU");
  }
}

void Lane::copy_outputs_out() const {
  const CudaDriver& driver = CudaDriver::get();
  for (const Binding& binding : bindings_) {
    if (binding.is_input || binding.size_bytes == 0) continue;
    driver.check(
        driver.memcpy_to_host(binding.host->data(), binding.device->address(), binding.size_bytes, stream_.get()),
        "Copying an output from the GPU");
  }
}

void Lane::enqueue(const LogCapture& log) const {
  if (!context_->enqueueV3(stream_.get()))
    log.raise(kInternal, "TensorRT does not run the engine: " + log.last_error("it gives no reason"));
}

void Lane::capture(const LogCapture& log) {
  if (graph_) return;
  const CudaDriver& driver = CudaDriver::get();
  // TensorRT finishes its preparations for a shape in the first run, which cannot be captured.
  enqueue(log);
  stream_.synchronize();
  driver.check(driver.stream_begin_capture(stream_.get(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
               "Beginning the capture of a CUDA graph");
  const bool is_enqueued = context_->enqueueV3(stream_.get());
  CUgraph graph = nullptr;
  // Must be called even after a failure, because otherwise the stream remains in capture mode.
  const CUresult ended = driver.stream_end_capture(stream_.get(), &graph);
  if (!is_enqueued || ended != CUDA_SUCCESS || graph == nullptr) {
    if (graph != nullptr) driver.graph_destroy(graph);
    log.raise(kCaptureFailed, "The engine cannot run inside a CUDA graph: " + log.last_error(driver.error_name(ended)));
  }
  graph_.emplace(graph);
}

}  // namespace calib::tensorrt
