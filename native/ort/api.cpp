#include "api.h"

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "../core/error.h"

#if defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace calib::ort {

namespace {

struct ApiBase {
  const void*(CALIB_ORT_CALL* api)(std::uint32_t version);
  const char*(CALIB_ORT_CALL* version)();
};
using GetApiBase = const ApiBase*(CALIB_ORT_CALL*)();

constexpr const char* kEntry = "OrtGetApiBase";
constexpr std::int32_t kFailCode = 1;

#if defined(_WIN32)
/** Not tried on Windows yet. */
void* entry_of_loaded(const std::string& path) {
  // The handle is not counted: the library stays loaded as long as onnxruntime-node does.
  const HMODULE library = GetModuleHandleW(native_path(path).c_str());
  return library == nullptr ? nullptr : reinterpret_cast<void*>(GetProcAddress(library, kEntry));
}
#else
void* entry_of_loaded(const std::string& path) {
  // Only a library that is loaded already is found. The handle is kept: the library stays until the process ends.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  return library == nullptr ? nullptr : dlsym(library, kEntry);
}
#endif

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error(kLibraryUnusable, path + " " + reason);
}

/** The functions of OrtApi by their index. */
class Slots {
 public:
  Slots(const void* api, const std::string& path) : slots_(static_cast<void* const*>(api)), path_(path) {}

  template <typename Function>
  void read(std::size_t index, Function& function) const {
    static_assert(sizeof(Function) == sizeof(void*), "a function pointer has the size of a pointer");
    if (slots_[index] == nullptr) refuse(path_, "has no function " + std::to_string(index) + " of the C API");
    std::memcpy(&function, &slots_[index], sizeof function);
  }

 private:
  void* const* slots_;
  const std::string& path_;
};

Functions read_functions(const void* api, const std::string& path) {
  const Slots slots(api, path);
  Functions f{};
  slots.read(0, f.create_status);
  slots.read(1, f.error_code);
  slots.read(2, f.error_message);
  slots.read(3, f.create_env);
  slots.read(8, f.create_session_from_array);
  slots.read(9, f.run);
  slots.read(10, f.create_session_options);
  slots.read(11, f.set_optimized_model_path);
  slots.read(22, f.set_log_severity);
  slots.read(23, f.set_optimization_level);
  slots.read(24, f.set_intra_op_threads);
  slots.read(25, f.set_inter_op_threads);
  slots.read(26, f.create_op_domain);
  slots.read(27, f.add_op);
  slots.read(28, f.add_op_domain);
  slots.read(49, f.create_tensor);
  slots.read(50, f.is_tensor);
  slots.read(51, f.tensor_data);
  slots.read(60, f.element_type);
  slots.read(61, f.rank);
  slots.read(62, f.dimensions);
  slots.read(65, f.type_and_shape);
  slots.read(69, f.create_cpu_memory_info);
  slots.read(86, f.int_attribute);
  slots.read(90, f.kernel_input);
  slots.read(91, f.kernel_output);
  slots.read(92, f.release_env);
  slots.read(93, f.release_status);
  slots.read(94, f.release_memory_info);
  slots.read(95, f.release_session);
  slots.read(96, f.release_value);
  slots.read(99, f.release_shape_info);
  slots.read(100, f.release_session_options);
  slots.read(101, f.release_op_domain);
  slots.read(130, f.add_session_config);
  return f;
}

/** Checks by a status and a small tensor that the functions are those that their places promise. */
void check_functions(const Functions& f, const std::string& path) {
  constexpr const char* kMessage = "calib";
  Status* status = f.create_status(kFailCode, kMessage);
  const bool has_status =
      status != nullptr && f.error_code(status) == kFailCode && std::strcmp(f.error_message(status), kMessage) == 0;
  if (!has_status) refuse(path, "does not keep the places of the functions of its C API");
  f.release_status(status);

  Owned<MemoryInfo> memory(f.release_memory_info);
  Owned<Value> tensor(f.release_value);
  Owned<ShapeInfo> shape(f.release_shape_info);
  float values[6] = {};
  const std::int64_t dims[2] = {2, 3};
  std::int64_t found[2] = {};
  std::int32_t type = 0;
  std::size_t rank = 0;
  void* data = nullptr;
  check(f, f.create_cpu_memory_info(0, 0, memory.out()));
  check(f, f.create_tensor(memory.get(), values, sizeof values, dims, 2, kFloat, tensor.out()));
  check(f, f.type_and_shape(tensor.get(), shape.out()));
  check(f, f.element_type(shape.get(), &type));
  check(f, f.rank(shape.get(), &rank));
  check(f, f.dimensions(shape.get(), found, 2));
  check(f, f.tensor_data(tensor.get(), &data));
  if (type != kFloat || rank != 2 || found[0] != 2 || found[1] != 3 || data != values)
    refuse(path, "does not describe a tensor as its C API promises");
}

Functions open(const std::string& path, const std::string& version) {
  void* entry = entry_of_loaded(path);
  if (entry == nullptr) refuse(path, "is not loaded in this process, or is not ONNX Runtime");
  const ApiBase* base = reinterpret_cast<GetApiBase>(entry)();
  const char* found = base == nullptr ? nullptr : base->version();
  if (found == nullptr || version != found)
    refuse(path, "is ONNX Runtime " + std::string(found == nullptr ? "unknown" : found) + " and not " + version);
  const void* api = base->api(kApiVersion);
  if (api == nullptr) refuse(path, "does not offer version " + std::to_string(kApiVersion) + " of its C API");
  const Functions functions = read_functions(api, path);
  check_functions(functions, path);
  return functions;
}

}  // namespace

#if defined(_WIN32)
NativePath native_path(const std::string& utf8) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, nullptr, 0);
  NativePath wide(static_cast<std::size_t>(length > 0 ? length : 1), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.c_str(), -1, wide.data(), length);
  wide.resize(wide.size() - 1);
  return wide;
}
#else
NativePath native_path(const std::string& utf8) {
  return utf8;
}
#endif

const Functions& functions_of(const std::string& path, const std::string& version) {
  // Shared by all threads: the functions of a loaded library do not change.
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::unique_ptr<const Functions>> opened;
  const std::lock_guard<std::mutex> lock(mutex);
  auto& functions = opened[{path, version}];
  if (!functions) functions = std::make_unique<const Functions>(open(path, version));
  return *functions;
}

void check(const Functions& functions, Status* status) {
  if (status == nullptr) return;
  const std::string message = functions.error_message(status);
  functions.release_status(status);
  throw Error(kRuntimeFailed, message);
}

}  // namespace calib::ort
