#include "collector.h"

#include <exception>
#include <new>
#include <utility>

#include "../core/error.h"

namespace calib::ort {

namespace {

constexpr const char* kDomain = "calib";
constexpr const char* kOperator = "CountValues";
/** Attributes: the index of the tensor, the number of its channels, and TensorView::block. */
constexpr const char* kIndex = "tensor";
constexpr const char* kChannels = "channels";
constexpr const char* kBlock = "block";
/** Input 0 is the output of the operator before. */
constexpr std::size_t kValues = 1;
constexpr std::int32_t kOptional = 1;
constexpr std::int32_t kRequired = 0;
constexpr std::int32_t kFailCode = 1;
constexpr std::int32_t kErrorsOnly = 3;
constexpr std::int32_t kNoOptimizations = 0;
constexpr std::int32_t kAllOptimizations = 99;
/** Smaller weights are part of the model. */
constexpr const char* kWeightsFileMinBytes = "1024";

std::vector<std::int64_t> dims_of(const Functions& f, const ShapeInfo* shape) {
  std::size_t rank = 0;
  check(f, f.rank(shape, &rank));
  std::vector<std::int64_t> dims(rank);
  check(f, f.dimensions(shape, dims.data(), rank));
  return dims;
}

}  // namespace

/** The operator CountValues: passes the values of its input to the collector. It has an empty output. */
struct Collector::CountOp : CustomOp {
  explicit CountOp(Collector* owner) : collector(owner) {
    name = [](const CustomOp*) { return kOperator; };
    execution_provider = [](const CustomOp*) -> const char* { return nullptr; };
    input_count = [](const CustomOp*) -> std::size_t { return 2; };
    input_type = [](const CustomOp*, std::size_t) -> std::int32_t { return kAnyType; };
    input_characteristic = [](const CustomOp*, std::size_t index) { return index == kValues ? kRequired : kOptional; };
    output_count = [](const CustomOp*) -> std::size_t { return 1; };
    output_type = [](const CustomOp*, std::size_t) -> std::int32_t { return kFloat; };
    output_characteristic = [](const CustomOp*, std::size_t) { return kRequired; };
    input_memory_type = [](const CustomOp*, std::size_t) -> std::int32_t { return 0; };
    create_kernel_v2 = create;
    compute_v2 = compute_kernel;
    destroy_kernel = destroy;
  }

  static Status* CALIB_ORT_CALL create(const CustomOp* op, const void*, const KernelInfo* info, void** kernel);
  static Status* CALIB_ORT_CALL compute_kernel(void* kernel, KernelContext* context);
  static void CALIB_ORT_CALL destroy(void* kernel);

  Collector* collector;
};

struct Collector::Kernel {
  Collector* collector;
  std::size_t tensor;
  /** Of a tensor in groups of channels. */
  std::int64_t channels;
  std::int64_t block;

  /** The tensor with the dimensions that ONNX Runtime states. @throws Error kInvalidArgument */
  TensorView view(const float* values, std::vector<std::int64_t> dims) const {
    if (block == 1) return {values, std::move(dims)};
    if (dims.size() < 2 || dims[1] != (channels + block - 1) / block * block)
      throw Error(kInvalidArgument, "Expected the channels of tensor " + std::to_string(tensor) + " in groups of " +
                                        std::to_string(block));
    dims[1] = channels;
    return {values, std::move(dims), static_cast<std::size_t>(block)};
  }
};

Status* Collector::CountOp::create(const CustomOp* op, const void*, const KernelInfo* info, void** kernel) {
  Collector* collector = static_cast<const CountOp*>(op)->collector;
  std::int64_t tensor = 0;
  std::int64_t channels = 0;
  std::int64_t block = 0;
  if (Status* status = collector->functions_.int_attribute(info, kIndex, &tensor)) return status;
  if (Status* status = collector->functions_.int_attribute(info, kChannels, &channels)) return status;
  if (Status* status = collector->functions_.int_attribute(info, kBlock, &block)) return status;
  if (tensor < 0 || static_cast<std::size_t>(tensor) >= collector->counts_.tensors())
    return collector->functions_.create_status(kFailCode, "CountValues names a tensor that does not exist");
  if (block < 1) return collector->functions_.create_status(kFailCode, "CountValues has no block");
  *kernel = new (std::nothrow) Kernel{collector, static_cast<std::size_t>(tensor), channels, block};
  return *kernel == nullptr ? collector->functions_.create_status(kFailCode, "Not enough memory") : nullptr;
}

Status* Collector::CountOp::compute_kernel(void* kernel, KernelContext* context) {
  const Kernel& self = *static_cast<const Kernel*>(kernel);
  const Functions& f = self.collector->functions_;
  try {
    const Value* input = nullptr;
    check(f, f.kernel_input(context, kValues, &input));
    Owned<ShapeInfo> shape(f.release_shape_info);
    check(f, f.type_and_shape(input, shape.out()));
    std::int32_t type = 0;
    check(f, f.element_type(shape.get(), &type));
    if (type == kFloat) {
      void* data = nullptr;
      check(f, f.tensor_data(const_cast<Value*>(input), &data));
      self.collector->visit(self.tensor, self.view(static_cast<const float*>(data), dims_of(f, shape.get())));
    }
    Value* output = nullptr;
    const std::int64_t empty = 0;
    return f.kernel_output(context, 0, &empty, 1, &output);
  } catch (const std::exception& error) {
    return f.create_status(kFailCode, error.what());
  }
}

void Collector::CountOp::destroy(void* kernel) {
  delete static_cast<Kernel*>(kernel);
}

Collector::Collector(const Functions& functions, const CollectorOptions& options)
    : functions_(functions),
      counts_(options.axes, options.derived),
      inputs_(options.inputs),
      input_tensors_(options.input_tensors),
      output_(options.output),
      op_(std::make_unique<CountOp>(this)),
      env_(functions.release_env),
      memory_(functions.release_memory_info),
      domain_(functions.release_op_domain),
      session_(functions.release_session) {
  const Functions& f = functions_;
  check(f, f.create_env(kErrorsOnly, "calib", env_.out()));
  check(f, f.create_cpu_memory_info(0, 0, memory_.out()));
  if (output_.empty()) return;
  check(f, f.create_op_domain(kDomain, domain_.out()));
  check(f, f.add_op(domain_.get(), op_.get()));
  Owned<SessionOptions> session_options(f.release_session_options);
  check(f, f.create_session_options(session_options.out()));
  check(f, f.set_log_severity(session_options.get(), kErrorsOnly));
  check(f,
        f.set_optimization_level(session_options.get(), options.is_optimized ? kNoOptimizations : kAllOptimizations));
  check(f, f.set_intra_op_threads(session_options.get(), 1));
  check(f, f.set_inter_op_threads(session_options.get(), 1));
  check(f, f.add_session_config(session_options.get(), "session.model_external_initializers_file_folder_path",
                                options.weights_dir.c_str()));
  if (!options.optimized_path.empty()) {
    const NativePath path = native_path(options.optimized_path);
    check(f, f.set_optimized_model_path(session_options.get(), path.c_str()));
    check(f, f.add_session_config(session_options.get(), "session.optimized_model_external_initializers_file_name",
                                  kWeightsFile));
    check(f,
          f.add_session_config(session_options.get(), "session.optimized_model_external_initializers_min_size_in_bytes",
                               kWeightsFileMinBytes));
  }
  check(f, f.add_op_domain(session_options.get(), domain_.get()));
  check(f, f.create_session_from_array(env_.get(), options.model, options.model_bytes, session_options.get(),
                                       session_.out()));
}

Collector::~Collector() = default;

ImageCounts Collector::count(const std::vector<FeedView>& feeds, CountRequest request) {
  counts_.begin(std::move(request));
  fingerprints_ = nullptr;
  run(feeds);
  return counts_.take();
}

std::vector<std::optional<Fingerprint>> Collector::fingerprints(const std::vector<FeedView>& feeds, std::size_t slots) {
  std::vector<std::optional<Fingerprint>> found(counts_.tensors());
  fingerprints_ = &found;
  slots_ = slots;
  run(feeds);
  return found;
}

void Collector::run(const std::vector<FeedView>& feeds) {
  const Functions& f = functions_;
  std::vector<Owned<Value>> values;
  std::vector<const Value*> inputs;
  std::vector<const char*> names;
  for (const FeedView& feed : feeds) {
    const std::int64_t tensor = input_tensors_.at(feed.input);
    if (tensor >= 0 && feed.element_type == kFloat)
      visit(static_cast<std::size_t>(tensor), {static_cast<const float*>(feed.data), feed.dims});
    values.emplace_back(f.release_value);
    check(f, f.create_tensor(memory_.get(), feed.data, feed.size_bytes, feed.dims.data(), feed.dims.size(),
                             feed.element_type, values.back().out()));
    inputs.push_back(values.back().get());
    names.push_back(inputs_[feed.input].c_str());
  }
  if (output_.empty()) return;
  const char* output_name = output_.c_str();
  Owned<Value> output(f.release_value);
  check(f, f.run(session_.get(), nullptr, names.data(), inputs.data(), inputs.size(), &output_name, 1, output.out()));
}

void Collector::visit(std::size_t tensor, const TensorView& view) {
  if (fingerprints_ == nullptr) {
    counts_.add(tensor, view);
    return;
  }
  const std::vector<float> values = row_major(view);
  (*fingerprints_)[tensor] = fingerprint_of(values.data(), values.size(), slots_);
}

}  // namespace calib::ort
