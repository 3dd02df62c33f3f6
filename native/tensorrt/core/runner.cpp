#include "runner.h"

#include <map>

#include "codes.h"

namespace calib::tensorrt {

namespace {

/** Adds up what TensorRT reports per layer, in the order of the first reports. */
class LayerProfiler final : public nvinfer1::IProfiler {
 public:
  void reportLayerTime(char const* name, float milliseconds) noexcept override {
    try {
      const auto [entry, is_new] = index_.try_emplace(name == nullptr ? "" : name, layers_.size());
      if (is_new) layers_.push_back({entry->first, 0.0});
      layers_[entry->second].mean_ms += static_cast<double>(milliseconds);
    } catch (...) {
      // A time that finds no memory is lost; TensorRT must not see an exception.
    }
  }

  std::vector<LayerTime> means(std::uint64_t runs) const {
    std::vector<LayerTime> layers = layers_;
    for (LayerTime& layer : layers) layer.mean_ms /= static_cast<double>(runs);
    return layers;
  }

  void clear() {
    index_.clear();
    layers_.clear();
  }

 private:
  std::map<std::string, std::size_t> index_;
  std::vector<LayerTime> layers_;
};

}  // namespace

Runner::Runner(std::shared_ptr<Engine> engine, const RunnerOptions& options) : engine_(std::move(engine)), options_(options) {
  const PrimaryContext::Scope scope(engine_->context());
  try {
    for (int stream = 0; stream < options.streams; ++stream) lanes_.emplace_back(*engine_, options);
  } catch (...) {
    // While the context is current.
    lanes_.clear();
    throw;
  }
  for (const Lane& lane : lanes_) {
    device_memory_bytes_ += engine_->context_memory_bytes();
    for (const Binding& binding : lane.bindings()) device_memory_bytes_ += binding.size_bytes;
  }
}

Runner::~Runner() {
  const PrimaryContext::Scope scope(engine_->context());
  lanes_.clear();
}

void Runner::check_stop(const LogCapture& log) const {
  if (is_stopped_.load(std::memory_order_relaxed)) throw LoggedError(kCancelled, "The runner was closed", log.messages());
}

void Runner::run() {
  const PrimaryContext::Scope scope(engine_->context());
  const LogCapture log;
  const Lane& lane = lanes_.front();
  lane.copy_inputs_in();
  lane.enqueue(log);
  lane.copy_outputs_out();
  lane.stream().synchronize();
}

std::vector<LayerTime> Runner::profile_layers(std::uint64_t runs) {
  const PrimaryContext::Scope scope(engine_->context());
  const LogCapture log;
  LayerProfiler profiler;
  // A context that has had a profiler is not as fast as before, so that it gets one of its own.
  const Lane lane(*engine_, options_);
  lane.context().setProfiler(&profiler);
  // Enqueueing waits for the run and reports while a profiler is attached; the first run is a warm-up.
  for (std::uint64_t i = 0; i <= runs; ++i) {
    check_stop(log);
    lane.enqueue(log);
    lane.stream().synchronize();
    if (i == 0) profiler.clear();
  }
  return profiler.means(runs);
}

}  // namespace calib::tensorrt
