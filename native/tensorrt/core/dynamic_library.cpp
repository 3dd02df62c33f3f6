#include "dynamic_library.h"

#include <dlfcn.h>

#include <filesystem>

#include "../../core/error.h"

namespace calib::tensorrt {

namespace {

// With RTLD_LOCAL, libraries that need libnvinfer find it by its soname among those already loaded, and the entry
// points of two TensorRT majors, which have the same names, do not conflict.
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;

}  // namespace

DynamicLibrary DynamicLibrary::open(const std::string& path, const char* code) {
  void* handle = dlopen(path.c_str(), kFlags);
  if (handle != nullptr) return DynamicLibrary(handle);
  const char* reason = dlerror();
  throw Error(code, "Cannot open " + path + ": " + (reason == nullptr ? "the loader gives no reason" : reason));
}

std::optional<DynamicLibrary> DynamicLibrary::try_open(const std::string& path) {
  void* handle = dlopen(path.c_str(), kFlags);
  return handle == nullptr ? std::nullopt : std::optional<DynamicLibrary>(DynamicLibrary(handle));
}

void* DynamicLibrary::find(const char* symbol) const noexcept {
  return dlsym(handle_, symbol);
}

std::string DynamicLibrary::file_of(const char* symbol) const {
  Dl_info info{};
  void* address = find(symbol);
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  std::error_code failure;
  const auto real = std::filesystem::canonical(info.dli_fname, failure);
  return failure ? std::string(info.dli_fname) : real.string();
}

}  // namespace calib::tensorrt
