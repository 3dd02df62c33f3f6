#include "engine.h"

#include <algorithm>

#include "codes.h"

namespace calib::tensorrt {

namespace {

ShapeRange profile_shapes(const nvinfer1::ICudaEngine& engine, const char* name, int profile) {
  const auto shape = [&](nvinfer1::OptProfileSelector selector) {
    return shape_of(engine.getProfileShape(name, profile, selector));
  };
  return {shape(nvinfer1::OptProfileSelector::kMIN), shape(nvinfer1::OptProfileSelector::kOPT),
          shape(nvinfer1::OptProfileSelector::kMAX)};
}

IoTensor describe_tensor(const nvinfer1::ICudaEngine& engine, const char* name, int profile_count) {
  IoTensor tensor;
  tensor.name = name;
  tensor.is_input = engine.getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
  tensor.type = engine.getTensorDataType(name);
  tensor.shape = shape_of(engine.getTensorShape(name));
  tensor.is_on_host = engine.getTensorLocation(name) == nvinfer1::TensorLocation::kHOST;
  if (tensor.is_input && !tensor.is_on_host) {
    for (int profile = 0; profile < profile_count; ++profile)
      tensor.profile_shapes.push_back(profile_shapes(engine, name, profile));
  }
  return tensor;
}

}  // namespace

std::shared_ptr<Engine> Engine::load(std::shared_ptr<Library> library, const Bytes& bytes, int device) {
  // make_shared cannot access the private constructor.
  struct Access : Engine {
    Access(std::shared_ptr<Library> library, const Bytes& bytes, int device)
        : Engine(std::move(library), bytes, device) {}
  };
  return std::make_shared<Access>(std::move(library), bytes, device);
}

Engine::Engine(std::shared_ptr<Library> library, const Bytes& bytes, int device)
    : library_(std::move(library)), context_(device) {
  const PrimaryContext::Scope scope(context_);
  const LogCapture log;
  if (bytes.empty()) throw Error(kEngineRefused, "The engine is empty");
  auto runtime = library_->create_runtime(log);
  // Version-compatible engines contain the code of their own small runtime.
  runtime->setEngineHostCodeAllowed(true);
  std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime->deserializeCudaEngine(bytes.data(), bytes.size()));
  if (!engine)
    log.raise(kEngineRefused,
              "TensorRT " + library_->version() + " refuses the engine: " + log.last_error("it gives no reason"));
  // Assigned last, so that an exception above destroys the objects while the context is current.
  runtime_ = std::move(runtime);
  engine_ = std::move(engine);
  describe();
}

Engine::~Engine() {
  const PrimaryContext::Scope scope(context_);
  engine_.reset();
  runtime_.reset();
}

void Engine::describe() {
  const char* name = engine_->getName();
  name_ = name == nullptr ? "" : name;
  profile_count_ = engine_->getNbOptimizationProfiles();
  layer_count_ = engine_->getNbLayers();
  context_memory_bytes_ = static_cast<std::uint64_t>(std::max<std::int64_t>(engine_->getDeviceMemorySizeV2(), 0));
  for (std::int32_t i = 0; i < engine_->getNbIOTensors(); ++i) {
    io_.push_back(describe_tensor(*engine_, engine_->getIOTensorName(i), profile_count_));
  }
}

std::string Engine::inspect() const {
  const PrimaryContext::Scope scope(context_);
  const LogCapture log;
  const std::unique_ptr<nvinfer1::IEngineInspector> inspector(engine_->createEngineInspector());
  const char* text = inspector ? inspector->getEngineInformation(nvinfer1::LayerInformationFormat::kJSON) : nullptr;
  if (text == nullptr)
    log.raise(kInternal, "TensorRT does not describe the engine: " + log.last_error("it gives no reason"));
  return text;
}

}  // namespace calib::tensorrt
