#include "api.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "../core/error.h"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace calib::openvino {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error(kLibraryUnusable, path + " " + reason);
}

#if defined(_WIN32)
void* open_library(const std::string& path) {
  refuse(path, "cannot be used: OpenVINO is not supported on Windows yet");
}
void* symbol_of(void*, const char*) {
  return nullptr;
}
#else
void* open_library(const std::string& path) {
  // The handle is kept: threads of the library may run until the process ends.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  const char* reason = dlerror();
  refuse(path, std::string("cannot be opened: ") + (reason == nullptr ? "the loader gives no reason" : reason));
}
void* symbol_of(void* library, const char* name) {
  return dlsym(library, name);
}
#endif

class Symbols {
 public:
  Symbols(void* library, const std::string& path) : library_(library), path_(path) {}

  template <typename Function>
  void read(const char* name, Function& function) const {
    void* found = symbol_of(library_, name);
    if (found == nullptr)
      refuse(path_, std::string("has no function ") + name + ": install OpenVINO " + std::to_string(kOldestYear) +
                        " or newer");
    function = reinterpret_cast<Function>(found);
  }

 private:
  void* library_;
  const std::string& path_;
};

void read_version(Functions& f, const std::string& path) {
  Version version;
  if (f.version(&version) != 0 || version.build == nullptr) refuse(path, "does not state its version");
  f.build = version.build;
  f.free_version(&version);
  // Year and release are the first two numbers: 2026.4.1-22982-...
  if (std::strtol(f.build.c_str(), nullptr, 10) < kOldestYear)
    refuse(path, "is OpenVINO " + f.build + ", which is too old: install " + std::to_string(kOldestYear) + " or newer");
}

/** Bytes of a tensor of 8 elements; 0 if the library has no such type. */
std::size_t bytes_of_eight(const Functions& f, std::int32_t type) {
  std::int64_t dims[1] = {8};
  Owned<Tensor> tensor(f.free_tensor);
  std::size_t bytes = 0;
  if (f.create_tensor(type, Shape{1, dims}, tensor.out()) != 0 || f.tensor_bytes(tensor.get(), &bytes) != 0) return 0;
  return bytes;
}

/**
 * Finds the numbers of the element types. They count up in the order boolean, bf16, f16, f32, f64, i4, i8, i16, i32,
 * i64, then unsigned types from one bit on, of which newer versions have more; what stands before boolean has changed.
 */
ElementTypes find_types(const Functions& f, const std::string& path) {
  constexpr std::int32_t kLast = 40;
  constexpr std::size_t kExpected[] = {8, 16, 16, 32, 64, 4, 8, 16, 32, 64};
  std::int32_t first = 0;
  while (first < kLast && bytes_of_eight(f, first) == 0) ++first;
  for (std::int32_t i = 0; i < 10; ++i)
    if (bytes_of_eight(f, first + i) != kExpected[i])
      refuse(path, "(OpenVINO " + f.build + ") numbers its element types in an unknown way");
  std::int32_t u8 = first + 10;
  while (u8 < kLast && bytes_of_eight(f, u8) < 8) ++u8;
  constexpr std::size_t kUnsigned[] = {8, 16, 32, 64};
  for (std::int32_t i = 0; i < 4; ++i)
    if (bytes_of_eight(f, u8 + i) != kUnsigned[i])
      refuse(path, "(OpenVINO " + f.build + ") numbers its unsigned types in an unknown way");
  ElementTypes types;
  types.boolean = first;
  types.f16 = first + 2;
  types.f32 = first + 3;
  types.f64 = first + 4;
  types.i8 = first + 6;
  types.i16 = first + 7;
  types.i32 = first + 8;
  types.i64 = first + 9;
  types.u8 = u8;
  types.u16 = u8 + 1;
  types.u32 = u8 + 2;
  types.u64 = u8 + 3;
  return types;
}

Functions open(const std::string& path) {
  void* library = open_library(path);
  const Symbols symbols(library, path);
  Functions f{};
  symbols.read("ov_get_openvino_version", f.version);
  symbols.read("ov_version_free", f.free_version);
  // Before all else: an old library lacks functions, and its version is the reason.
  read_version(f, path);
  symbols.read("ov_free", f.free_text);
  symbols.read("ov_get_error_info", f.error_name);
  f.last_message = reinterpret_cast<const char* (*)()>(symbol_of(library, "ov_get_last_err_msg"));
  symbols.read("ov_core_create", f.create_core);
  symbols.read("ov_core_free", f.free_core);
  symbols.read("ov_core_get_property", f.core_property);
  symbols.read("ov_core_read_model", f.read_model);
  symbols.read("ov_model_free", f.free_model);
  symbols.read("ov_model_const_input_by_name", f.model_input);
  symbols.read("ov_model_reshape", f.reshape);
  symbols.read("ov_core_compile_model", f.compile);
  symbols.read("ov_compiled_model_free", f.free_compiled);
  symbols.read("ov_compiled_model_get_property", f.compiled_property);
  symbols.read("ov_compiled_model_inputs_size", f.input_count);
  symbols.read("ov_compiled_model_outputs_size", f.output_count);
  symbols.read("ov_compiled_model_input_by_index", f.input_port);
  symbols.read("ov_compiled_model_output_by_index", f.output_port);
  symbols.read("ov_port_get_any_name", f.port_name);
  symbols.read("ov_port_get_element_type", f.port_type);
  symbols.read("ov_output_const_port_free", f.free_port);
  symbols.read("ov_compiled_model_create_infer_request", f.create_request);
  symbols.read("ov_infer_request_free", f.free_request);
  symbols.read("ov_infer_request_set_input_tensor_by_index", f.set_input);
  symbols.read("ov_infer_request_get_output_tensor_by_index", f.output);
  symbols.read("ov_infer_request_infer", f.infer);
  symbols.read("ov_infer_request_start_async", f.start);
  symbols.read("ov_infer_request_wait", f.wait);
  symbols.read("ov_infer_request_get_profiling_info", f.profile);
  symbols.read("ov_profiling_info_list_free", f.free_profile);
  symbols.read("ov_tensor_create", f.create_tensor);
  symbols.read("ov_tensor_create_from_host_ptr", f.tensor_of_memory);
  symbols.read("ov_tensor_free", f.free_tensor);
  symbols.read("ov_tensor_get_shape", f.tensor_shape);
  symbols.read("ov_tensor_get_element_type", f.tensor_type);
  symbols.read("ov_tensor_get_byte_size", f.tensor_bytes);
  symbols.read("ov_tensor_data", f.tensor_data);
  symbols.read("ov_shape_free", f.free_shape);
  f.types = find_types(f, path);
  return f;
}

}  // namespace

const Functions& functions_of(const std::string& path) {
  // Shared by all threads: the functions of an open library do not change.
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Functions>> opened;
  const std::lock_guard<std::mutex> lock(mutex);
  auto& functions = opened[path];
  if (!functions) functions = std::make_unique<const Functions>(open(path));
  return *functions;
}

void check(const Functions& functions, Status status, const std::string& doing) {
  if (status == 0) return;
  const char* detail = functions.last_message == nullptr ? nullptr : functions.last_message();
  const char* name = functions.error_name(status);
  const std::string reason = detail != nullptr && *detail != '\0' ? detail : name == nullptr ? "unknown error" : name;
  throw Error(kRuntimeFailed, doing + ": " + reason);
}

}  // namespace calib::openvino
