#pragma once

#include <NvInfer.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "build_request.h"

namespace calib::tensorrt {

/**
 * Forwards TensorRT's progress, at most every 50 ms except for the beginning of a phase without a parent, and stops the
 * build if `cancel` is set. TensorRT calls it from several threads.
 */
class ProgressMonitor final : public nvinfer1::IProgressMonitor {
 public:
  ProgressMonitor(ProgressCallback callback, CancelFlags cancel)
      : callback_(std::move(callback)), cancel_(std::move(cancel)) {}

  /** Reports a phase of one step that is not one of TensorRT's. */
  void report_own_phase(const char* phase);

  void phaseStart(char const* phase, char const* parent, std::int32_t steps) noexcept override;
  bool stepComplete(char const* phase, std::int32_t step) noexcept override;
  void phaseFinish(char const* phase) noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Phase {
    std::string parent;
    int steps;
  };
  void report(const std::string& phase, int step, bool is_urgent);

  const ProgressCallback callback_;
  const CancelFlags cancel_;
  std::mutex mutex_;
  std::map<std::string, Phase> phases_;
  Clock::time_point reported_{};
};

}  // namespace calib::tensorrt
