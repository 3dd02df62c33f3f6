#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "fake_cuda.h"
#include "script.h"
#include "stubs.h"

namespace fake {

using namespace nvinfer1;

/** The logger of the first builder or runtime, as with the real library. */
ILogger& logger();
void remember_logger(void* logger);
inline void log_error(const std::string& text) {
  logger().log(ILogger::Severity::kERROR, text.c_str());
}

/** Complains unless the thread has a CUDA context. */
inline void need_context(char const* what) {
  if (!fake_cuda_has_context()) fake_cuda_violation(what);
}

class HostMemory final : public IHostMemory {
 public:
  explicit HostMemory(std::string bytes) : impl_(std::move(bytes)) { mImpl = &impl_; }

 private:
  struct Impl final : HostMemoryStub {
    explicit Impl(std::string bytes) : bytes(std::move(bytes)) {}
    void* data() const noexcept override { return const_cast<char*>(bytes.data()); }
    std::size_t size() const noexcept override { return bytes.size(); }
    std::string bytes;
  } impl_;
};

/** Builds an engine's bytes from a script and what the builder was told, in JSON. */
inline std::string engine_bytes(const std::string& script, const std::string& told) {
  return "FAKE ENGINE\n" + told + "\n" + script;
}

ICudaEngine* make_engine(const std::string& bytes);
INetworkDefinition* make_network(NetworkDefinitionCreationFlags flags);
const Script& script_of(const INetworkDefinition& network);
/** What was asked of the layers: `conv1:precision=1,output=1`. */
std::string layer_requests(const INetworkDefinition& network);
IBuilderConfig* make_config();

}  // namespace fake

/** For the parser: makes the network what the script says. */
extern "C" void fake_network_load(nvinfer1::INetworkDefinition* network, char const* script, std::size_t size);
