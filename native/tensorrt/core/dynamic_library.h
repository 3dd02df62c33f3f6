#pragma once

#include <optional>
#include <string>

namespace calib::tensorrt {

/**
 * A shared library opened at run time. It is never closed: TensorRT and CUDA leave threads and exit handlers behind
 * that must not lose their code.
 */
class DynamicLibrary {
 public:
  /** `path`: a path or a bare name for the loader to search. Throws Error(code) with the loader's reason. */
  static DynamicLibrary open(const std::string& path, const char* code);
  /** As open, but nothing where it cannot be opened. */
  static std::optional<DynamicLibrary> try_open(const std::string& path);

  /** Null when the library has no such symbol. */
  void* find(const char* symbol) const noexcept;

  /** A function pointer of type Function; null when the library has no such symbol. */
  template <typename Function>
  Function function(const char* symbol) const noexcept {
    return reinterpret_cast<Function>(find(symbol));
  }

  /** The real path of the file that holds `symbol`; empty when that cannot be told. */
  std::string file_of(const char* symbol) const;

 private:
  explicit DynamicLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace calib::tensorrt
