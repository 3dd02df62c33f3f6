#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api.h"

namespace calib::openvino {

struct NamedShape {
  std::string input;
  /** Every size is 1 or more. */
  std::vector<std::int64_t> dims;
};

struct CompileOptions {
  std::string model_path;
  /** OpenVINO's name of a device, such as "CPU". */
  std::string device;
  /**
   * Shapes of inputs; an input that is not named keeps the sizes that the model leaves open, and names of no input are
   * ignored.
   */
  std::vector<NamedShape> shapes;
  /** Properties of the plugin, such as NUM_STREAMS. */
  std::vector<std::pair<std::string, std::string>> settings;
};

/** Name and element type ("float32", "int64", ...; "other" for one that is not supported) of an input or output. */
struct PortInfo {
  std::string name;
  std::string type;
};

/** The values of one input; the memory belongs to the caller. */
struct Feed {
  std::size_t input = 0;
  std::string type;
  std::vector<std::int64_t> dims;
  void* data = nullptr;
};

struct Output {
  std::string type;
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> bytes;
};

struct Timed {
  /** In the order in which the runs ended, one request after the other. */
  std::vector<double> latencies_ms;
  double wall_ms = 0;
};

/** A node of the compiled model that ran. */
struct NodeTime {
  std::string name;
  /** For example "Convolution". */
  std::string kind;
  /** Kernel and precision, for example "brgconv_avx512_I8". */
  std::string kernel;
  double median_ms = 0;
};

struct DeviceInfo {
  /** For example the name of the processor. */
  std::string name;
  /** Precisions and features that the plugin names, for example "FP32 INT8 BIN EXPORT_IMPORT". */
  std::string capabilities;
};

/** Throws Error kRuntimeFailed if OpenVINO has no such device here. */
DeviceInfo device_info(const Functions& functions, const std::string& device);

/** A model that was compiled for a device. Only one of its functions may run at a time. */
class CompiledModel {
 public:
  /** Throws Error kRuntimeFailed with OpenVINO's message if it refuses the model. */
  CompiledModel(const Functions& functions, const CompileOptions& options);

  const std::vector<PortInfo>& inputs() const { return inputs_; }
  const std::vector<PortInfo>& outputs() const { return outputs_; }
  /** The value of a property of the compiled model; empty if it has none of this name. */
  std::string property(const std::string& key) const;

  std::vector<Output> infer(const std::vector<Feed>& feeds);
  /** Runs `runs` inferences with each of `requests` requests, which run at the same time. */
  Timed time(const std::vector<Feed>& feeds, std::size_t requests, std::size_t runs);
  /** Needs the setting PERF_COUNT=YES. */
  std::vector<NodeTime> profile(const std::vector<Feed>& feeds, std::size_t runs);

 private:
  /** A request, and the tensors over the memory of its feeds. */
  struct Prepared {
    Owned<Request> request;
    std::vector<Owned<Tensor>> tensors;
  };
  Prepared new_request() const;
  void set_feeds(Prepared& prepared, const std::vector<Feed>& feeds) const;
  /** The request that is kept: making one allocates the memory of all layers. */
  Prepared& request_of(const std::vector<Feed>& feeds);
  std::string type_name(std::int32_t type) const;
  std::int32_t type_of(const std::string& name) const;
  PortInfo info_of(Port* port) const;

  const Functions& f_;
  Owned<Core> core_;
  Owned<Compiled> compiled_;
  std::vector<PortInfo> inputs_;
  std::vector<PortInfo> outputs_;
  std::unique_ptr<Prepared> kept_;
};

}  // namespace calib::openvino
