#include "runner.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "codes.h"

namespace calib::tensorrt {

namespace {

/** Collects the times that TensorRT reports per layer and run; layers are in the order of the first reports. */
class LayerProfiler final : public nvinfer1::IProfiler {
 public:
  void reportLayerTime(char const* name, float milliseconds) noexcept override {
    try {
      const auto [entry, is_new] = index_.try_emplace(name == nullptr ? "" : name, layers_.size());
      if (is_new) layers_.push_back({entry->first, 0.0, {}});
      layers_[entry->second].run_ms += static_cast<double>(milliseconds);
    } catch (...) {
      // If there is no memory for the time, it is lost; TensorRT must not see an exception.
    }
  }

  void end_run() {
    for (Layer& layer : layers_) layer.runs_ms.push_back(std::exchange(layer.run_ms, 0.0));
  }

  /** Needs at least one run. */
  std::vector<LayerTime> medians() {
    std::vector<LayerTime> times;
    for (Layer& layer : layers_) {
      const auto middle = layer.runs_ms.begin() + static_cast<std::ptrdiff_t>(layer.runs_ms.size() / 2);
      std::nth_element(layer.runs_ms.begin(), middle, layer.runs_ms.end());
      times.push_back({layer.name, *middle});
    }
    return times;
  }

  void clear() {
    index_.clear();
    layers_.clear();
  }

 private:
  struct Layer {
    std::string name;
    /** Sum for the current run, because a layer may be reported more than once. */
    double run_ms;
    std::vector<double> runs_ms;
  };
  std::map<std::string, std::size_t> index_;
  std::vector<Layer> layers_;
};

/** Time until the clocks of an idle GPU have risen. */
constexpr std::chrono::milliseconds kProfileWarmUp{200};

}  // namespace

Runner::Runner(std::shared_ptr<Engine> engine, const RunnerOptions& options)
    : engine_(std::move(engine)), options_(options) {
  const PrimaryContext::Scope scope(engine_->context());
  try {
    for (int stream = 0; stream < options.streams; ++stream) lanes_.emplace_back(*engine_, options);
  } catch (...) {
    // Destroyed while the context is current.
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
  if (is_stopped_.load(std::memory_order_relaxed))
    throw LoggedError(kCancelled, "The runner was closed", log.messages());
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
  // A context that has had a profiler is slower afterwards, so that profiling uses its own context.
  const Lane lane(*engine_, options_);
  lane.context().setProfiler(&profiler);
  // While a profiler is attached, enqueueing waits for the run and reports it.
  const auto run = [&] {
    check_stop(log);
    lane.enqueue(log);
    lane.stream().synchronize();
  };
  const auto warm_at = std::chrono::steady_clock::now() + kProfileWarmUp;
  do run();
  while (std::chrono::steady_clock::now() < warm_at);
  profiler.clear();
  for (std::uint64_t i = 0; i < runs; ++i) {
    run();
    profiler.end_run();
  }
  return profiler.medians();
}

}  // namespace calib::tensorrt
