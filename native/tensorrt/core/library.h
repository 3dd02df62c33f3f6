#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dynamic_library.h"
#include "message_log.h"

namespace calib::tensorrt {

/** An opened libnvinfer, with its parser if there is one. Stays open until the process ends. */
class Library {
 public:
  /**
   * `nvinfer`, `parser`: paths or names for the loader. Without `parser`, the parser beside libnvinfer or the one that
   * the loader finds is used, or none. Only one TensorRT of each major can be open in a process, because its parts find
   * each other by name: opening the same file again returns the same library. Throws library-missing, library-version.
   * May be called from any thread.
   */
  static std::shared_ptr<Library> open(const std::string& nvinfer, const std::optional<std::string>& parser);

  /** `10.6.0` */
  const std::string& version() const noexcept { return version_; }

  /** Takes seconds the first time. Throws internal, out-of-memory, driver-old. Needs a current CUDA context. */
  std::unique_ptr<nvinfer1::IBuilder> create_builder(const LogCapture& log);
  /** Throws library-missing if no parser was found. */
  void check_parser() const;
  /** Throws like check_parser, and internal. The network must outlive the parser. */
  std::unique_ptr<nvonnxparser::IParser> create_parser(nvinfer1::INetworkDefinition& network,
                                                       const LogCapture& log) const;
  /** Throws like create_builder. */
  std::unique_ptr<nvinfer1::IRuntime> create_runtime(const LogCapture& log) const;

 private:
  Library(DynamicLibrary nvinfer, std::string file, int version, std::optional<DynamicLibrary> parser);
  void open_builder_resources();
  DynamicLibrary parser_library() const;

  const DynamicLibrary nvinfer_;
  /** Real path of libnvinfer. */
  const std::string file_;
  const std::string version_;
  /** The TensorRT version that is passed to libnvinfer: that of the headers, or of the library if it is older. */
  const std::int32_t interface_version_;
  mutable std::mutex parser_mutex_;
  std::optional<DynamicLibrary> parser_;
  std::once_flag resources_once_;
};

}  // namespace calib::tensorrt
