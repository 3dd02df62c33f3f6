#include "library.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "codes.h"

namespace calib::tensorrt {

namespace {

namespace fs = std::filesystem;

constexpr const char* kVersionSymbol = "getInferLibVersion";
constexpr const char* kBuilderSymbol = "createInferBuilder_INTERNAL";
constexpr const char* kRuntimeSymbol = "createInferRuntime_INTERNAL";
constexpr const char* kParserSymbol = "createNvOnnxParser_INTERNAL";
using Create = void* (*)(void*, std::int32_t);
using CreateParser = void* (*)(void*, void*, int);

/** Oldest version that has every method called here: 10.1 introduced 64-bit device memory sizes. */
constexpr int kMinimumVersion = NV_TENSORRT_MAJOR == 10 ? 100100 : NV_TENSORRT_MAJOR * 10000;

struct Version {
  int major, minor, patch;
};

/** TensorRT 8 and 9 encode versions like 8601, later versions like 100600. */
Version version_of(int number) {
  if (number < 10000) return {number / 1000, number / 100 % 10, number % 100};
  return {number / 10000, number / 100 % 100, number % 100};
}

std::string text_of(int number) {
  const Version version = version_of(number);
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.patch);
}

int checked_version(const DynamicLibrary& library, const std::string& path) {
  const auto read = library.function<std::int32_t (*)()>(kVersionSymbol);
  for (const char* symbol : {kVersionSymbol, kBuilderSymbol, kRuntimeSymbol}) {
    if (library.find(symbol) == nullptr) throw Error(kLibraryMissing, path + " is not libnvinfer: it has no " + symbol);
  }
  const int version = read();
  if (version_of(version).major != NV_TENSORRT_MAJOR || version < kMinimumVersion) {
    throw Error(kLibraryVersion, "Expected TensorRT " + text_of(kMinimumVersion) + " or newer of major " +
                                     std::to_string(NV_TENSORRT_MAJOR) + ", but " + path + " is " + text_of(version));
  }
  return version;
}

std::optional<DynamicLibrary> find_parser(const std::string& nvinfer_file, const std::optional<std::string>& path) {
  if (path) {
    DynamicLibrary parser = DynamicLibrary::open(*path, kLibraryMissing);
    if (parser.find(kParserSymbol) == nullptr)
      throw Error(kLibraryMissing, *path + " is not libnvonnxparser: it has no " + kParserSymbol);
    return parser;
  }
  const std::string name = "libnvonnxparser.so." + std::to_string(NV_TENSORRT_MAJOR);
  for (const std::string& candidate : {(fs::path(nvinfer_file).parent_path() / name).string(), name}) {
    auto parser = DynamicLibrary::try_open(candidate);
    if (parser && parser->find(kParserSymbol) != nullptr) return parser;
  }
  return std::nullopt;
}

/** Throws the error that explains why libnvinfer returned null. */
[[noreturn]] void raise_not_started(const LogCapture& log, const char* what) {
  const std::string reason = log.last_error("TensorRT gives no reason");
  // 35 is cudaErrorInsufficientDriver.
  const bool is_driver_old = reason.find("CUDA initialization failure with error: 35") != std::string::npos;
  log.raise(is_driver_old ? kDriverOld : kInternal, std::string(what) + ": " + reason);
}

}  // namespace

Library::Library(DynamicLibrary nvinfer, std::string file, int version, std::optional<DynamicLibrary> parser)
    : nvinfer_(nvinfer),
      file_(std::move(file)),
      version_(text_of(version)),
      // A library that is older than the headers would refuse their version, although no newer function is called.
      interface_version_(std::min<std::int32_t>(version, NV_TENSORRT_VERSION)),
      parser_(parser) {}

std::shared_ptr<Library> Library::open(const std::string& nvinfer, const std::optional<std::string>& parser) {
  static std::mutex mutex;
  static std::shared_ptr<Library> opened;
  const std::lock_guard<std::mutex> lock(mutex);
  Logger::instance();
  const DynamicLibrary library = DynamicLibrary::open(nvinfer, kLibraryMissing);
  const int version = checked_version(library, nvinfer);
  const std::string file = library.file_of(kVersionSymbol);
  if (opened && opened->file_ != file) {
    throw Error(kLibraryVersion,
                "This process already has " + opened->file_ + " open; " + file + " needs a new process");
  }
  auto found = find_parser(file, parser);
  if (!opened) {
    // make_shared cannot access the private constructor.
    struct Access : Library {
      Access(DynamicLibrary nvinfer, std::string file, int version, std::optional<DynamicLibrary> parser)
          : Library(nvinfer, std::move(file), version, parser) {}
    };
    opened = std::make_shared<Access>(library, file, version, found);
  } else if (found) {
    const std::lock_guard<std::mutex> parser_lock(opened->parser_mutex_);
    opened->parser_ = found;
  }
  return opened;
}

void Library::open_builder_resources() {
  // libnvinfer opens these by name when the first builder is created, and closes them after the last. Opening them here
  // finds them outside the loader's search path, and makes creating later builders fast.
  std::error_code failure;
  const fs::path folder = fs::path(file_).parent_path();
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("libnvinfer_builder_resource", 0) == 0 && name.find(".so") != std::string::npos)
      files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) DynamicLibrary::try_open(file);
}

std::unique_ptr<nvinfer1::IBuilder> Library::create_builder(const LogCapture& log) {
  std::call_once(resources_once_, [this] { open_builder_resources(); });
  const auto create = nvinfer_.function<Create>(kBuilderSymbol);
  std::unique_ptr<nvinfer1::IBuilder> builder(
      static_cast<nvinfer1::IBuilder*>(create(&Logger::instance(), interface_version_)));
  if (!builder) raise_not_started(log, "TensorRT cannot make a builder");
  return builder;
}

DynamicLibrary Library::parser_library() const {
  const std::lock_guard<std::mutex> lock(parser_mutex_);
  if (!parser_)
    throw Error(kLibraryMissing, "libnvonnxparser.so." + std::to_string(NV_TENSORRT_MAJOR) + " is neither beside " +
                                     file_ + " nor where the loader looks");
  return *parser_;
}

void Library::check_parser() const {
  parser_library();
}

std::unique_ptr<nvonnxparser::IParser> Library::create_parser(nvinfer1::INetworkDefinition& network,
                                                              const LogCapture& log) const {
  const auto create = parser_library().function<CreateParser>(kParserSymbol);
  std::unique_ptr<nvonnxparser::IParser> parser(
      static_cast<nvonnxparser::IParser*>(create(&network, &Logger::instance(), NV_ONNX_PARSER_VERSION)));
  if (!parser) log.raise(kInternal, "The ONNX parser does not start: " + log.last_error("it gives no reason"));
  return parser;
}

std::unique_ptr<nvinfer1::IRuntime> Library::create_runtime(const LogCapture& log) const {
  const auto create = nvinfer_.function<Create>(kRuntimeSymbol);
  std::unique_ptr<nvinfer1::IRuntime> runtime(
      static_cast<nvinfer1::IRuntime*>(create(&Logger::instance(), interface_version_)));
  if (!runtime) raise_not_started(log, "TensorRT cannot make a runtime");
  return runtime;
}

}  // namespace calib::tensorrt
