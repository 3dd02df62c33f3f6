#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "lane.h"

namespace calib::tensorrt {

/** Duration and mode of a timing. */
struct TimingOptions {
  double warm_up_ms = 0.0;
  /** At least this many runs, and for at least `min_ms`. */
  std::uint64_t runs = 1;
  double min_ms = 0.0;
  bool uses_cuda_graph = false;
  /** Whether a run includes the copies of inputs to the GPU and outputs from it. */
  bool has_transfers = false;
};

/** Times per run, in the order in which runs were enqueued. */
struct Timing {
  /** GPU time from an event before the run to one after it. */
  std::vector<double> latencies_ms;
  /** Host time to enqueue the run. */
  std::vector<double> enqueue_ms;
  /** Host time from before the first run was enqueued until the last one had ended. */
  double wall_ms = 0.0;
};

struct LayerTime {
  std::string name;
  double median_ms;
};

/**
 * Execution contexts of one engine for fixed shapes, one per stream. May be used from any thread, one call at a time.
 */
class Runner {
 public:
  /** Throws wrong-argument (shapes, profile), out-of-memory, internal. */
  Runner(std::shared_ptr<Engine> engine, const RunnerOptions& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  std::uint64_t device_memory_bytes() const noexcept { return device_memory_bytes_; }
  /** Inputs and outputs of the first stream; run() reads and writes their host memory. */
  const std::vector<Binding>& bindings() const noexcept { return lanes_.front().bindings(); }

  /** One run of the first stream, from host memory to host memory. Throws internal, out-of-memory. */
  void run();
  /**
   * Runs all streams in turn, with several runs enqueued ahead of the GPU. Throws like run, capture-failed, cancelled.
   */
  Timing time(const TimingOptions& options);
  /**
   * Like time for the first stream without transfers, but waits for each run before the next: a slow reference loop to
   * check the results of time.
   */
  std::vector<double> time_plain(std::uint64_t runs, bool uses_cuda_graph);
  /**
   * Median time of each layer over `runs` runs after a warm-up, with its own context, in the order of execution. Throws
   * like run, cancelled.
   */
  std::vector<LayerTime> profile_layers(std::uint64_t runs);

  /** Makes a pending long call throw cancelled. May be called from any thread. */
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
