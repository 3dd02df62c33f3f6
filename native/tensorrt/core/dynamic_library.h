#pragma once

#include <optional>
#include <string>

namespace calib::tensorrt {

/**
 * A shared library that is opened at run time. It is never closed, because TensorRT and CUDA leave threads and exit
 * handlers that still need its code.
 */
class DynamicLibrary {
 public:
  /** `path`: a path or a bare name for the loader to search. Throws Error(code) with the loader's reason. */
  static DynamicLibrary open(const std::string& path, const char* code);
  /** Like open, but returns nothing if the library cannot be opened. */
  static std::optional<DynamicLibrary> try_open(const std::string& path);

  /** Null if the library has no such symbol. */
  void* find(const char* symbol) const noexcept;

  /** A function pointer of type Function; null if the library has no such symbol. */
  template <typename Function>
  Function function(const char* symbol) const noexcept {
    return reinterpret_cast<Function>(find(symbol));
  }

  /** The real path of the file that contains `symbol`; empty if it cannot be determined. */
  std::string file_of(const char* symbol) const;

 private:
  explicit DynamicLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace calib::tensorrt
