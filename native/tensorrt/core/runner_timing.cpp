#include <chrono>
#include <vector>

#include "runner.h"

namespace calib::tensorrt {

namespace {

using Clock = std::chrono::steady_clock;

/** Number of runs that each stream may have enqueued: enough to hide the host time of the next one. */
constexpr std::size_t kRunsAhead = 8;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct EventPair {
  Event start, end;
};

void issue(const Lane& lane, const TimingOptions& options, const LogCapture& log) {
  if (options.has_transfers) lane.copy_inputs_in();
  if (options.uses_cuda_graph) {
    lane.launch();
  } else {
    lane.enqueue(log);
  }
  if (options.has_transfers) lane.copy_outputs_out();
}

}  // namespace

void Runner::prepare(bool uses_cuda_graph, const LogCapture& log) {
  for (Lane& lane : lanes_) {
    if (uses_cuda_graph) lane.capture(log);
  }
}

void Runner::warm_up(const TimingOptions& options, const LogCapture& log) {
  const auto started = Clock::now();
  do {
    check_stop(log);
    for (std::size_t ahead = 0; ahead < kRunsAhead; ++ahead) {
      for (const Lane& lane : lanes_) issue(lane, options, log);
    }
    for (const Lane& lane : lanes_) lane.stream().synchronize();
  } while (milliseconds_since(started) < options.warm_up_ms);
}

Timing Runner::time(const TimingOptions& options) {
  const PrimaryContext::Scope scope(engine_->context());
  const LogCapture log;
  prepare(options.uses_cuda_graph, log);
  warm_up(options, log);

  // Run r uses stream r mod n and event pair r mod (ahead * n), which always belongs to the same stream.
  const std::size_t stream_count = lanes_.size();
  std::vector<EventPair> events(kRunsAhead * stream_count);
  Timing timing;
  timing.latencies_ms.reserve(options.runs);
  timing.enqueue_ms.reserve(options.runs);
  const auto collect = [&] {
    const EventPair& pair = events[timing.latencies_ms.size() % events.size()];
    pair.end.synchronize();
    timing.latencies_ms.push_back(pair.end.milliseconds_since(pair.start));
  };

  const auto started = Clock::now();
  while (timing.enqueue_ms.size() < options.runs || milliseconds_since(started) < options.min_ms) {
    check_stop(log);
    const std::size_t run = timing.enqueue_ms.size();
    if (run - timing.latencies_ms.size() == events.size()) collect();
    const Lane& lane = lanes_[run % stream_count];
    const EventPair& pair = events[run % events.size()];
    pair.start.record(lane.stream());
    const auto enqueued = Clock::now();
    issue(lane, options, log);
    timing.enqueue_ms.push_back(milliseconds_since(enqueued));
    pair.end.record(lane.stream());
  }
  while (timing.latencies_ms.size() < timing.enqueue_ms.size()) collect();
  timing.wall_ms = milliseconds_since(started);
  return timing;
}

std::vector<double> Runner::time_plain(std::uint64_t runs, bool uses_cuda_graph) {
  const PrimaryContext::Scope scope(engine_->context());
  const LogCapture log;
  prepare(uses_cuda_graph, log);
  TimingOptions options;
  options.uses_cuda_graph = uses_cuda_graph;
  const EventPair pair;
  std::vector<double> latencies_ms;
  latencies_ms.reserve(runs);
  for (std::uint64_t run = 0; run < runs; ++run) {
    check_stop(log);
    pair.start.record(lanes_.front().stream());
    issue(lanes_.front(), options, log);
    pair.end.record(lanes_.front().stream());
    pair.end.synchronize();
    latencies_ms.push_back(pair.end.milliseconds_since(pair.start));
  }
  return latencies_ms;
}

}  // namespace calib::tensorrt
