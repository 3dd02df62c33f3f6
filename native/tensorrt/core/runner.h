#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "lane.h"

namespace calib::tensorrt {

/** How long to time, and what. */
struct TimingOptions {
  double warm_up_ms = 0.0;
  /** At least so many runs, and at least `min_ms` of them. */
  std::uint64_t runs = 1;
  double min_ms = 0.0;
  bool uses_cuda_graph = false;
  /** Whether a run includes the copies of inputs to the GPU and outputs from it. */
  bool has_transfers = false;
};

/** Per run, in the order of issue. */
struct Timing {
  /** GPU time from an event before the run to one after it. */
  std::vector<double> latencies_ms;
  /** Host time that handing the run over took. */
  std::vector<double> enqueue_ms;
  /** From before the first run was handed over until the last had ended. */
  double wall_ms = 0.0;
};

struct LayerTime {
  std::string name;
  double median_ms;
};

/** Execution contexts of one engine for fixed shapes, one per stream. One call at a time, from any thread. */
class Runner {
 public:
  /** Throws wrong-argument (shapes, profile), out-of-memory, internal. */
  Runner(std::shared_ptr<Engine> engine, const RunnerOptions& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  std::uint64_t device_memory_bytes() const noexcept { return device_memory_bytes_; }
  /** Inputs and outputs of the first stream: their host side is what run() copies in and out. */
  const std::vector<Binding>& bindings() const noexcept { return lanes_.front().bindings(); }

  /** One run of the first stream, from host memory to host memory. Throws internal, out-of-memory. */
  void run();
  /** Runs all streams in turn, keeping several runs ahead of the GPU. Throws as run, capture-failed, cancelled. */
  Timing time(const TimingOptions& options);
  /** As time of the first stream without transfers, waiting for each run before the next: the slow loop to check time
   * against. */
  std::vector<double> time_plain(std::uint64_t runs, bool uses_cuda_graph);
  /** Median time of each layer over `runs` runs of a context of its own, warmed up, in the order of execution. Throws
   * as run, cancelled. */
  std::vector<LayerTime> profile_layers(std::uint64_t runs);

  /** Makes a call that lasts throw cancelled. From any thread. */
  void stop() noexcept { is_stopped_ = true; }

 private:
  void check_stop(const LogCapture& log) const;
  void prepare(bool uses_cuda_graph, const LogCapture& log);
  void warm_up(const TimingOptions& options, const LogCapture& log);

  const std::shared_ptr<Engine> engine_;
  const RunnerOptions options_;
  std::deque<Lane> lanes_;
  std::uint64_t device_memory_bytes_ = 0;
  std::atomic<bool> is_stopped_{false};
};

}  // namespace calib::tensorrt
