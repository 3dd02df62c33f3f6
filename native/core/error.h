#pragma once

#include <stdexcept>
#include <string>

namespace calib {

/** The error that core throws: a stable code for programs and a sentence for people. */
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const noexcept { return code_; }

 private:
  const char* code_;
};

/** The caller violated the interface. */
inline constexpr const char* kInvalidArgument = "invalid-argument";
/** The bytes are not a histogram record. */
inline constexpr const char* kRecordInvalid = "record-invalid";

}  // namespace calib
