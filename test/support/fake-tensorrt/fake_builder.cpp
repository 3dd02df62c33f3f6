#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "fake_kernels.h"
#include "fake_nvinfer.h"
#include "json.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace fake {

namespace {

ILogger* first_logger = nullptr;

constexpr char const* kCacheMark = "FAKE CACHE";

class TimingCache final : public ITimingCache {
 public:
  explicit TimingCache(std::string bytes) : impl_(std::move(bytes)) { mImpl = &impl_; }

 private:
  struct Impl final : TimingCacheStub {
    explicit Impl(std::string bytes) : bytes(std::move(bytes)) {}
    IHostMemory* serialize() const noexcept override { return new HostMemory(bytes); }
    std::string bytes;
  } impl_;
  friend class Config;
};

class Profile final : public IOptimizationProfile {
 public:
  Profile() { mImpl = &impl_; }
  const std::string& text() const { return impl_.text; }

 private:
  struct Impl final : OptimizationProfileStub {
    bool setDimensions(char const* name, OptProfileSelector selector, Dims const& dims) noexcept override {
      if (selector == OptProfileSelector::kMIN) text += (text.empty() ? "" : ";") + std::string(name) + ":";
      for (int i = 0; i < dims.nbDims; ++i) text += (i == 0 ? "" : ",") + std::to_string(dims.d[i]);
      if (selector != OptProfileSelector::kMAX) text += "/";
      return true;
    }
    std::string text;
  } impl_;
};

class Config final : public IBuilderConfig {
 public:
  Config() { mImpl = &impl_; }
  IProgressMonitor* monitor() const { return impl_.monitor; }
  IAlgorithmSelector* selector() const { return impl_.selector; }

  bool has(int flag) const {
    return std::any_of(impl_.flags.begin(), impl_.flags.end(),
                       [flag](BuilderFlag set) { return static_cast<int>(set) == flag; });
  }

  std::string told() const {
    std::string text;
    for (const BuilderFlag flag : impl_.flags)
      text += (text.empty() ? "" : ",") + std::to_string(static_cast<int>(flag));
    text = "\"flags\":[" + text + "],\"settings\":" + quoted(impl_.settings) + ",\"profiles\":[";
    for (std::size_t i = 0; i < impl_.profiles.size(); ++i)
      text += (i == 0 ? "" : ",") + quoted(impl_.profiles[i]->text());
    text += "],\"timingCache\":" + quoted(impl_.cache == nullptr ? "" : impl_.cache->impl_.bytes);
    if (impl_.calibrator == nullptr) return text;
    std::size_t size = 0;
    auto const* cache = static_cast<char const*>(impl_.calibrator->readCalibrationCache(size));
    const bool has_batches = impl_.calibrator->getBatch(nullptr, nullptr, 0);
    return text +
           ",\"calibrator\":{\"algorithm\":" + std::to_string(static_cast<int>(impl_.calibrator->getAlgorithm())) +
           ",\"batch\":" + std::to_string(impl_.calibrator->getBatchSize()) +
           ",\"hasBatches\":" + (has_batches ? "true" : "false") + ",\"cache\":" + quoted(std::string(cache, size)) +
           "}";
  }

  void note_build() {
    if (impl_.cache != nullptr) impl_.cache->impl_.bytes += " +1";
  }

 private:
  struct Impl final : BuilderConfigStub {
    void setFlag(BuilderFlag flag) noexcept override { flags.push_back(flag); }
    void clearFlag(BuilderFlag flag) noexcept override {
      flags.erase(std::remove(flags.begin(), flags.end(), flag), flags.end());
    }
    void setProfilingVerbosity(ProfilingVerbosity verbosity) noexcept override {
      set("verbosity", static_cast<int>(verbosity));
    }
    void setBuilderOptimizationLevel(std::int32_t level) noexcept override { set("level", level); }
    void setMemoryPoolLimit(MemoryPoolType pool, std::size_t bytes) noexcept override {
      set("pool" + std::to_string(static_cast<int>(pool)), static_cast<long>(bytes));
    }
    void setMaxAuxStreams(std::int32_t streams) noexcept override { set("aux", streams); }
    std::int32_t addOptimizationProfile(IOptimizationProfile const* profile) noexcept override {
      profiles.push_back(static_cast<Profile const*>(profile));
      return static_cast<std::int32_t>(profiles.size()) - 1;
    }
    void setProgressMonitor(IProgressMonitor* value) noexcept override { monitor = value; }
    void setAlgorithmSelector(IAlgorithmSelector* value) noexcept override { selector = value; }
    void setInt8Calibrator(IInt8Calibrator* value) noexcept override { calibrator = value; }
    ITimingCache* createTimingCache(void const* blob, std::size_t size) const noexcept override {
      const std::string bytes(static_cast<char const*>(blob), size);
      if (size > 0 && bytes.rfind(kCacheMark, 0) != 0) return nullptr;
      return new TimingCache(size == 0 ? kCacheMark : bytes);
    }
    bool setTimingCache(ITimingCache const& value, bool) noexcept override {
      auto& given = const_cast<TimingCache&>(static_cast<TimingCache const&>(value));
      if (given.impl_.bytes.find("other GPU") != std::string::npos) return false;
      return cache = &given, true;
    }
    ITimingCache const* getTimingCache() const noexcept override { return cache; }
    void set(const std::string& what, long value) {
      settings += (settings.empty() ? "" : " ") + what + "=" + std::to_string(value);
    }
    // As in TensorRT, TF32 is set unless it is cleared.
    std::vector<BuilderFlag> flags{BuilderFlag::kTF32};
    std::string settings;
    std::vector<Profile const*> profiles;
    IProgressMonitor* monitor = nullptr;
    IAlgorithmSelector* selector = nullptr;
    IInt8Calibrator* calibrator = nullptr;
    TimingCache* cache = nullptr;
  } impl_;
};

/** Reports the steps of all phases; false when the caller stops the build. */
bool run_phases(IProgressMonitor* monitor, const Script& script) {
  if (monitor == nullptr) return true;
  bool goes_on = true;
  for (const Statement& statement : script.all("phases")) {
    auto words = statement.words();
    int count = 0;
    int step_ms = 0;
    words >> count >> step_ms;
    monitor->phaseStart("Building", nullptr, count);
    for (int step = 0; goes_on && step < count; ++step) {
      // From a thread of its own, as TensorRT does.
      std::thread([&] {
        monitor->phaseStart("Timing", "Building", 2);
        std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
        monitor->stepComplete("Timing", 0);
        monitor->phaseFinish("Timing");
        goes_on = monitor->stepComplete("Building", step);
      }).join();
    }
    monitor->phaseFinish("Building");
  }
  return goes_on;
}

void write_logs(const Script& script) {
  for (const Statement& statement : script.all("log")) {
    const int severity = std::atoi(statement.rest.c_str());
    logger().log(static_cast<ILogger::Severity>(severity), statement.rest.substr(2).c_str());
  }
  for (const Statement& statement : script.all("foreign-log")) std::thread([&] { log_error(statement.rest); }).join();
}

class Builder final : public IBuilder {
 public:
  Builder() { mImpl = &impl_; }
  ~Builder() noexcept override { need_context("~IBuilder"); }

 private:
  struct Impl final : BuilderStub {
    IBuilderConfig* createBuilderConfig() noexcept override { return new Config; }
    INetworkDefinition* createNetworkV2(NetworkDefinitionCreationFlags value) noexcept override {
      return network_flags = value, make_network(value);
    }
    IOptimizationProfile* createOptimizationProfile() noexcept override {
      return profiles.emplace_back(std::make_unique<Profile>()).get();
    }
    IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& given) noexcept override {
      need_context("buildSerializedNetwork");
      const Script& script = script_of(network);
      auto& config = static_cast<Config&>(given);
      if (!run_phases(config.monitor(), script)) return nullptr;
      // FAKE_BUILDER_ABORTS: a builder flag that ends the process.
      char const* aborting = std::getenv("FAKE_BUILDER_ABORTS");
      if (aborting != nullptr && config.has(std::atoi(aborting))) std::abort();
      write_logs(script);
      for (const Statement& statement : script.all("build-error")) log_error(statement.rest);
      if (script.has("build-error") || script.has("build-nothing")) return nullptr;
      const std::vector<TakenKernel> kernels = take_kernels(script, config.selector());
      for (const Statement& statement : script.all("kernel-error")) {
        auto words = statement.words();
        std::string tactic, text;
        words >> tactic;
        std::getline(words >> std::ws, text);
        if (std::none_of(kernels.begin(), kernels.end(),
                         [&](const TakenKernel& kernel) { return kernel.tactic == tactic; }))
          continue;
        log_error(text);
        return nullptr;
      }
      const std::string told = "{" + config.told() + ",\"networkFlags\":" + std::to_string(network_flags) +
                               ",\"layers\":" + quoted(layer_requests(network)) +
                               (kernels.empty() ? "" : "," + told_layers(kernels)) + "}";
      config.note_build();
      return new HostMemory(engine_bytes(script.text(), told));
    }
    NetworkDefinitionCreationFlags network_flags = 0;
    std::vector<std::unique_ptr<Profile>> profiles;
  } impl_;
};

class Runtime final : public IRuntime {
 public:
  Runtime() { mImpl = &impl_; }
  ~Runtime() noexcept override { need_context("~IRuntime"); }

 private:
  struct Impl final : RuntimeStub {
    void setEngineHostCodeAllowed(bool) noexcept override {}
    ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept override {
      need_context("deserializeCudaEngine");
      ICudaEngine* engine = make_engine(std::string(static_cast<char const*>(blob), size));
      if (engine == nullptr) log_error("Error Code 1: Serialization (magic tag does not match)");
      return engine;
    }
  } impl_;
};

}  // namespace

ILogger& logger() {
  return *first_logger;
}
void remember_logger(void* given) {
  if (first_logger == nullptr) first_logger = static_cast<ILogger*>(given);
}

}  // namespace fake

extern "C" {

std::int32_t getInferLibVersion() noexcept {
  char const* version = std::getenv("FAKE_NVINFER_VERSION");
  return version == nullptr ? NV_TENSORRT_VERSION : std::atoi(version);
}

void* createInferBuilder_INTERNAL(void* logger, std::int32_t) noexcept {
  fake::remember_logger(logger);
  fake::need_context("createInferBuilder");
  // As the real one: by its name, which must be found without a path.
  if (dlopen("libnvinfer_builder_resource.so.10.6.0", RTLD_NOW) == nullptr) {
    fake::log_error("Unable to load library: libnvinfer_builder_resource.so.10.6.0");
    return nullptr;
  }
  char const* error = std::getenv("FAKE_BUILDER_ERROR");
  if (error != nullptr) {
    fake::log_error(error);
    return nullptr;
  }
  return static_cast<nvinfer1::IBuilder*>(new fake::Builder);
}

void* createInferRuntime_INTERNAL(void* logger, std::int32_t) noexcept {
  fake::remember_logger(logger);
  fake::need_context("createInferRuntime");
  return static_cast<nvinfer1::IRuntime*>(new fake::Runtime);
}

}  // extern "C"
