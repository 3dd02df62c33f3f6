#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/**
 * The part of ONNX Runtime's C API that the collector uses, declared in our own words. OrtApi is a structure of
 * function pointers to which versions only append: a function keeps its place (docs of OrtApiBase::GetApi), so that a
 * function is identified by its index. The indices are those of API version 16 and earlier.
 */
#if defined(_WIN32)
#define CALIB_ORT_CALL __stdcall
#else
#define CALIB_ORT_CALL
#endif

namespace calib::ort {

struct Env;
struct Status;
struct MemoryInfo;
struct Session;
struct Value;
struct RunOptions;
struct ShapeInfo;
struct SessionOptions;
struct OpDomain;
struct KernelInfo;
struct KernelContext;

/** The version of the API that is asked for; the oldest one whose custom operators can return a status. */
inline constexpr std::uint32_t kApiVersion = 16;

/** What a file name consists of. */
#if defined(_WIN32)
using PathChar = wchar_t;
#else
using PathChar = char;
#endif
using NativePath = std::basic_string<PathChar>;
NativePath native_path(const std::string& utf8);

/** Element types have the numbers of onnx.TensorProto.DataType. */
inline constexpr std::int32_t kFloat = 1;
inline constexpr std::int32_t kAnyType = 0;

template <typename... Arguments>
using Call = Status*(CALIB_ORT_CALL*)(Arguments...);
template <typename Object>
using Release = void(CALIB_ORT_CALL*)(Object*);

struct Functions {
  Status*(CALIB_ORT_CALL* create_status)(std::int32_t code, const char* message);
  std::int32_t(CALIB_ORT_CALL* error_code)(const Status*);
  const char*(CALIB_ORT_CALL* error_message)(const Status*);
  Call<std::int32_t, const char*, Env**> create_env;
  Call<const Env*, const void*, std::size_t, const SessionOptions*, Session**> create_session_from_array;
  Call<Session*, const RunOptions*, const char* const*, const Value* const*, std::size_t, const char* const*,
       std::size_t, Value**>
      run;
  Call<SessionOptions**> create_session_options;
  Call<SessionOptions*, const PathChar*> set_optimized_model_path;
  Call<SessionOptions*, std::int32_t> set_log_severity;
  Call<SessionOptions*, std::int32_t> set_optimization_level;
  Call<SessionOptions*, std::int32_t> set_intra_op_threads;
  Call<SessionOptions*, std::int32_t> set_inter_op_threads;
  Call<const char*, OpDomain**> create_op_domain;
  Call<OpDomain*, const struct CustomOp*> add_op;
  Call<SessionOptions*, OpDomain*> add_op_domain;
  Call<const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t, std::int32_t, Value**> create_tensor;
  Call<const Value*, std::int32_t*> is_tensor;
  Call<Value*, void**> tensor_data;
  Call<const ShapeInfo*, std::int32_t*> element_type;
  Call<const ShapeInfo*, std::size_t*> rank;
  Call<const ShapeInfo*, std::int64_t*, std::size_t> dimensions;
  Call<const Value*, ShapeInfo**> type_and_shape;
  Call<std::int32_t, std::int32_t, MemoryInfo**> create_cpu_memory_info;
  Call<const KernelInfo*, const char*, std::int64_t*> int_attribute;
  Call<const KernelContext*, std::size_t, const Value**> kernel_input;
  Call<KernelContext*, std::size_t, const std::int64_t*, std::size_t, Value**> kernel_output;
  Release<Env> release_env;
  Release<Status> release_status;
  Release<MemoryInfo> release_memory_info;
  Release<Session> release_session;
  Release<Value> release_value;
  Release<ShapeInfo> release_shape_info;
  Release<SessionOptions> release_session_options;
  Release<OpDomain> release_op_domain;
  Call<SessionOptions*, const char*, const char*> add_session_config;
};

/**
 * A custom operator as ONNX Runtime reads it at API version 16. The members about variadic inputs and outputs are not
 * called for an operator without them, and the two creation and computation functions of older versions not if the
 * newer ones are present; every other member must be set.
 */
struct CustomOp {
  std::uint32_t version = kApiVersion;
  void*(CALIB_ORT_CALL* create_kernel)(const CustomOp*, const void* api, const KernelInfo*) = nullptr;
  const char*(CALIB_ORT_CALL* name)(const CustomOp*) = nullptr;
  const char*(CALIB_ORT_CALL* execution_provider)(const CustomOp*) = nullptr;
  std::int32_t(CALIB_ORT_CALL* input_type)(const CustomOp*, std::size_t) = nullptr;
  std::size_t(CALIB_ORT_CALL* input_count)(const CustomOp*) = nullptr;
  std::int32_t(CALIB_ORT_CALL* output_type)(const CustomOp*, std::size_t) = nullptr;
  std::size_t(CALIB_ORT_CALL* output_count)(const CustomOp*) = nullptr;
  void(CALIB_ORT_CALL* compute)(void* kernel, KernelContext*) = nullptr;
  void(CALIB_ORT_CALL* destroy_kernel)(void* kernel) = nullptr;
  std::int32_t(CALIB_ORT_CALL* input_characteristic)(const CustomOp*, std::size_t) = nullptr;
  std::int32_t(CALIB_ORT_CALL* output_characteristic)(const CustomOp*, std::size_t) = nullptr;
  std::int32_t(CALIB_ORT_CALL* input_memory_type)(const CustomOp*, std::size_t) = nullptr;
  int(CALIB_ORT_CALL* variadic_input_min)(const CustomOp*) = nullptr;
  int(CALIB_ORT_CALL* variadic_input_homogeneous)(const CustomOp*) = nullptr;
  int(CALIB_ORT_CALL* variadic_output_min)(const CustomOp*) = nullptr;
  int(CALIB_ORT_CALL* variadic_output_homogeneous)(const CustomOp*) = nullptr;
  Status*(CALIB_ORT_CALL* create_kernel_v2)(const CustomOp*, const void* api, const KernelInfo*,
                                            void** kernel) = nullptr;
  Status*(CALIB_ORT_CALL* compute_v2)(void* kernel, KernelContext*) = nullptr;
};

/** The library could not be used: it is absent, another one, or does not behave as expected. */
inline constexpr const char* kLibraryUnusable = "library-unusable";
/** A function of ONNX Runtime returned an error: it refuses the model, or an operator failed on the inputs. */
inline constexpr const char* kRuntimeFailed = "runtime-failed";

/**
 * The functions of a library that this process has loaded already, so that there is one ONNX Runtime in the process.
 * @param path of the library file, UTF-8.
 * @param version that the library must report, such as "1.30.0".
 * @throws Error kLibraryUnusable
 */
const Functions& functions_of(const std::string& path, const std::string& version);

/** Throws Error kRuntimeFailed with ONNX Runtime's message if `status` is an error, and releases it. */
void check(const Functions& functions, Status* status);

/** Owns an object of ONNX Runtime. */
template <typename Object>
class Owned {
 public:
  explicit Owned(Release<Object> release) : release_(release) {}
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : object_(other.object_), release_(other.release_) { other.object_ = nullptr; }

  Object* get() const { return object_; }
  /** Where a function of ONNX Runtime writes the new object. */
  Object** out() { return &object_; }

 private:
  Object* object_ = nullptr;
  Release<Object> release_;
};

}  // namespace calib::ort
