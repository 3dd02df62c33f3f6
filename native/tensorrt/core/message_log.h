#pragma once

#include <NvInfer.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../../core/error.h"

namespace calib::tensorrt {

/** One message of TensorRT; informational and verbose messages are not kept, except those about sparse kernels. */
struct LogMessage {
  bool is_error;
  std::string message;
};

/** An Error with TensorRT's messages during the call that failed. */
class LoggedError : public Error {
 public:
  LoggedError(const char* code, const std::string& message, std::vector<LogMessage> log)
      : Error(code, message), log_(std::move(log)) {}
  const std::vector<LogMessage>& log() const noexcept { return log_; }

 private:
  std::vector<LogMessage> log_;
};

/**
 * During its lifetime, collects TensorRT's errors and warnings that belong to one call: those of the thread that
 * created it, and those of threads that TensorRT started (the latter are added to every live capture, because their
 * call cannot be determined). Keeps the last 500.
 */
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<LogMessage> messages() const;
  /** Adds a warning of our own. */
  void warn(const std::string& message);
  /** The last error, or `fallback` if there is none. */
  std::string last_error(const std::string& fallback) const;
  /** Whether an error reports that memory was exhausted. */
  bool out_of_memory() const;
  /** Throws a LoggedError with `code`, or with out-of-memory if the log reports it. */
  [[noreturn]] void raise(const char* code, const std::string& message) const;

 private:
  friend class Logger;
  void add(bool is_error, const char* message);

  const std::thread::id thread_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  std::vector<LogMessage> messages_;
};

/**
 * The logger that TensorRT receives. There is one per process, because TensorRT keeps the first logger that it receives
 * and ignores all later ones. May be called from any thread.
 */
class Logger final : public nvinfer1::ILogger {
 public:
  static Logger& instance();
  void log(Severity severity, nvinfer1::AsciiChar const* message) noexcept override;

 private:
  friend class LogCapture;
  std::mutex mutex_;
  std::vector<LogCapture*> captures_;
};

}  // namespace calib::tensorrt
