#include "progress_monitor.h"

namespace calib::tensorrt {

namespace {

constexpr std::chrono::milliseconds kInterval{50};

std::string text_of(char const* text) {
  return text == nullptr ? "" : text;
}

}  // namespace

void ProgressMonitor::report_own_phase(const char* phase) {
  const std::lock_guard<std::mutex> lock(mutex_);
  phases_[phase] = {"", 1};
  report(phase, 0, true);
}

void ProgressMonitor::phaseStart(char const* phase, char const* parent, std::int32_t steps) noexcept {
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    phases_[text_of(phase)] = {text_of(parent), steps};
    report(text_of(phase), 0, parent == nullptr);
  } catch (...) {
    // If there is no memory for the progress report, it is lost; TensorRT must not see an exception.
  }
}

bool ProgressMonitor::stepComplete(char const* phase, std::int32_t step) noexcept {
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    report(text_of(phase), step + 1, false);
  } catch (...) {
    // The report is lost, see phaseStart.
  }
  return !is_any_set(cancel_);
}

void ProgressMonitor::phaseFinish(char const* phase) noexcept {
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::string name = text_of(phase);
    const auto found = phases_.find(name);
    if (found == phases_.end()) return;
    report(name, found->second.steps, false);
    phases_.erase(found);
  } catch (...) {
    // The report is lost, see phaseStart.
  }
}

void ProgressMonitor::report(const std::string& phase, int step, bool is_urgent) {
  const auto found = phases_.find(phase);
  if (found == phases_.end() || !callback_) return;
  const auto now = Clock::now();
  if (!is_urgent && now - reported_ < kInterval) return;
  reported_ = now;
  callback_({phase, found->second.parent, step, found->second.steps});
}

}  // namespace calib::tensorrt
