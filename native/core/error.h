#pragma once

#include <stdexcept>
#include <string>

namespace calib {

/** What core throws: a stable code for programs and a sentence for people. */
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const noexcept { return code_; }

 private:
  const char* code_;
};

/** The caller broke a rule of the interface. */
inline constexpr const char* kInvalidArgument = "invalid-argument";
/** Bytes are not a histogram record. */
inline constexpr const char* kRecordInvalid = "record-invalid";

}  // namespace calib
