#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/**
 * The part of OpenVINO's C API that is used, declared in our own words (documentation: "OpenVINO C API", headers
 * ov_core, ov_model, ov_compiled_model, ov_infer_request, ov_tensor, ov_shape, ov_partial_shape, ov_common). The
 * functions have had these arguments since 2023.0.
 */
namespace calib::openvino {

struct Core;
struct Model;
struct Compiled;
struct Request;
struct Tensor;
struct Port;

/** ov_shape_t; passed by value. */
struct Shape {
  std::int64_t rank = 0;
  std::int64_t* dims = nullptr;
};

/** ov_dimension_t: an interval of sizes; -1 as the upper end is open. */
struct Dimension {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/** ov_partial_shape_t; passed by value. */
struct PartialShape {
  Dimension rank;
  Dimension* dims = nullptr;
};

/** ov_version_t. */
struct Version {
  const char* build = nullptr;
  const char* description = nullptr;
};

/** ov_profiling_info_t. */
struct ProfiledNode {
  std::int32_t status = 0;
  std::int64_t real_microseconds = 0;
  std::int64_t cpu_microseconds = 0;
  const char* name = nullptr;
  const char* exec_type = nullptr;
  const char* node_type = nullptr;
};
/** ProfiledNode::status of a node that ran. */
inline constexpr std::int32_t kExecuted = 2;

/** ov_profiling_info_list_t. */
struct ProfiledNodes {
  ProfiledNode* nodes = nullptr;
  std::size_t size = 0;
};

/** 0 is success. */
using Status = std::int32_t;

/** Numbers of element types; -1 for one that the library does not have. */
struct ElementTypes {
  std::int32_t boolean = -1, f16 = -1, f32 = -1, f64 = -1;
  std::int32_t i8 = -1, i16 = -1, i32 = -1, i64 = -1;
  std::int32_t u8 = -1, u16 = -1, u32 = -1, u64 = -1;
};

struct Functions {
  Status (*version)(Version*);
  void (*free_version)(Version*);
  void (*free_text)(const char*);
  const char* (*error_name)(Status);
  /** Null in libraries that do not keep the message. */
  const char* (*last_message)();
  Status (*create_core)(Core**);
  void (*free_core)(Core*);
  Status (*core_property)(const Core*, const char* device, const char* key, char** value);
  Status (*read_model)(const Core*, const char* model, const char* weights, Model**);
  void (*free_model)(Model*);
  /** An error if the model has no such input. */
  Status (*model_input)(const Model*, const char* name, Port**);
  Status (*reshape)(const Model*, const char** names, const PartialShape* shapes, std::size_t count);
  /** `arguments` counts keys and values, which follow as texts. */
  Status (*compile)(const Core*, const Model*, const char* device, std::size_t arguments, Compiled**, ...);
  void (*free_compiled)(Compiled*);
  Status (*compiled_property)(const Compiled*, const char* key, char** value);
  Status (*input_count)(const Compiled*, std::size_t*);
  Status (*output_count)(const Compiled*, std::size_t*);
  Status (*input_port)(const Compiled*, std::size_t index, Port**);
  Status (*output_port)(const Compiled*, std::size_t index, Port**);
  Status (*port_name)(const Port*, char**);
  Status (*port_type)(const Port*, std::int32_t*);
  void (*free_port)(Port*);
  Status (*create_request)(const Compiled*, Request**);
  void (*free_request)(Request*);
  Status (*set_input)(Request*, std::size_t index, const Tensor*);
  Status (*output)(const Request*, std::size_t index, Tensor**);
  Status (*infer)(Request*);
  Status (*start)(Request*);
  Status (*wait)(Request*);
  Status (*profile)(const Request*, ProfiledNodes*);
  void (*free_profile)(ProfiledNodes*);
  Status (*create_tensor)(std::int32_t type, Shape, Tensor**);
  Status (*tensor_of_memory)(std::int32_t type, Shape, void*, Tensor**);
  void (*free_tensor)(Tensor*);
  Status (*tensor_shape)(const Tensor*, Shape*);
  Status (*tensor_type)(const Tensor*, std::int32_t*);
  Status (*tensor_bytes)(const Tensor*, std::size_t*);
  Status (*tensor_data)(const Tensor*, void**);
  Status (*free_shape)(Shape*);

  ElementTypes types;
  /** For example "2026.4.1-22982-e213a147257-releases/2026/4". */
  std::string build;
};

/** The library could not be used: it is absent, too old, or does not behave as expected. */
inline constexpr const char* kLibraryUnusable = "library-unusable";
/** OpenVINO returned an error: it refuses the model, or a run failed. */
inline constexpr const char* kRuntimeFailed = "runtime-failed";

/** The oldest version that is accepted. */
inline constexpr int kOldestYear = 2024;

/**
 * The functions of a library, which stays open until the process ends.
 * @param path of libopenvino_c, UTF-8.
 * @throws Error kLibraryUnusable
 */
const Functions& functions_of(const std::string& path);

/** Throws Error kRuntimeFailed with OpenVINO's message if `status` is an error. `doing` begins the sentence. */
void check(const Functions& functions, Status status, const std::string& doing);

/** Owns an object of OpenVINO. */
template <typename Object>
class Owned {
 public:
  explicit Owned(void (*release)(Object*)) : release_(release) {}
  ~Owned() { reset(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : object_(other.object_), release_(other.release_) { other.object_ = nullptr; }

  Object* get() const { return object_; }
  /** Where a function of OpenVINO writes the new object. */
  Object** out() { return &object_; }
  void reset() {
    if (object_ != nullptr) release_(object_);
    object_ = nullptr;
  }

 private:
  Object* object_ = nullptr;
  void (*release_)(Object*);
};

}  // namespace calib::openvino
