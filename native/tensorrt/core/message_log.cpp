#include "message_log.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "codes.h"

namespace calib::tensorrt {

namespace {

constexpr std::size_t kMaxMessages = 500;
constexpr std::size_t kMaxMessageBytes = 8192;

/** Texts that TensorRT and the CUDA runtime inside it report when memory is exhausted, in lower case. */
constexpr const char* kMemorySigns[] = {"out of memory", "outofmemory", "out_of_memory", "could not be allocated",
                                        "cudaerrormemoryallocation"};

bool tells_of_memory(const std::string& message) {
  std::string lower = message;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(std::begin(kMemorySigns), std::end(kMemorySigns),
                     [&](const char* sign) { return lower.find(sign) != std::string::npos; });
}

/** TensorRT reports, as information, which layers it computes with sparse kernels, and only if they are allowed. */
bool tells_of_sparsity(const char* message) {
  return std::string_view(message).rfind("(Sparsity)", 0) == 0;
}

}  // namespace

LogCapture::LogCapture() {
  Logger& logger = Logger::instance();
  const std::lock_guard<std::mutex> lock(logger.mutex_);
  logger.captures_.push_back(this);
}

LogCapture::~LogCapture() {
  Logger& logger = Logger::instance();
  const std::lock_guard<std::mutex> lock(logger.mutex_);
  auto& captures = logger.captures_;
  captures.erase(std::remove(captures.begin(), captures.end(), this), captures.end());
}

void LogCapture::add(bool is_error, const char* message) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (messages_.size() == kMaxMessages) messages_.erase(messages_.begin());
  messages_.push_back({is_error, std::string(message).substr(0, kMaxMessageBytes)});
}

void LogCapture::warn(const std::string& message) {
  add(false, message.c_str());
}

std::vector<LogMessage> LogCapture::messages() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return messages_;
}

std::string LogCapture::last_error(const std::string& fallback) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      std::find_if(messages_.rbegin(), messages_.rend(), [](const LogMessage& entry) { return entry.is_error; });
  return found == messages_.rend() ? fallback : found->message;
}

bool LogCapture::out_of_memory() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(messages_.begin(), messages_.end(),
                     [](const LogMessage& entry) { return entry.is_error && tells_of_memory(entry.message); });
}

void LogCapture::raise(const char* code, const std::string& message) const {
  throw LoggedError(out_of_memory() ? kOutOfMemory : code, message, messages());
}

Logger& Logger::instance() {
  // Constructed before libnvinfer is opened (Library::open), so that it is destroyed after libnvinfer's own exit
  // handlers.
  static Logger logger;
  return logger;
}

void Logger::log(Severity severity, nvinfer1::AsciiChar const* message) noexcept {
  if (message == nullptr || (severity > Severity::kWARNING && !tells_of_sparsity(message))) return;
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::thread::id thread = std::this_thread::get_id();
    const bool is_error = severity < Severity::kWARNING;
    bool is_own = false;
    for (LogCapture* capture : captures_) is_own = is_own || capture->thread_ == thread;
    for (LogCapture* capture : captures_) {
      if (!is_own || capture->thread_ == thread) capture->add(is_error, message);
    }
  } catch (...) {
    // If there is no memory for the message, it is lost; TensorRT must not see an exception.
  }
}

}  // namespace calib::tensorrt
