// A libcuda.so.1 whose GPU memory is the host's. FAKE_CUDA_DEVICES (default 1), FAKE_CUDA_KINDS (names of the devices,
// separated by commas; `Fake GPU` for those beyond), FAKE_CUDA_MAJOR (9, of the compute capability), FAKE_CUDA_VERSION
// (13000), FAKE_CUDA_MEMORY (bytes that can be reserved), FAKE_CUDA_REPORT (file written at exit: what was not given
// back, and misuse).
#include "fake_cuda.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr double kRunMs = 0.2;
constexpr double kCopyMs = 0.05;

struct Work {
  void (*run)(void*);
  std::shared_ptr<void> argument;
  double ms = 0.0;
};
struct FakeStream {
  double clock_ms = 0.0;
  bool is_capturing = false;
  std::vector<Work> captured;
};
struct FakeEvent {
  double at_ms = -1.0;
};
using FakeGraph = std::vector<Work>;

std::mutex mutex;
std::map<std::string, long> alive;
std::map<void*, std::size_t> memory;
std::size_t used_bytes = 0;
std::string misuse;
thread_local std::vector<CUcontext> contexts;

long setting(char const* name, long fallback) {
  char const* value = std::getenv(name);
  return value == nullptr ? fallback : std::atol(value);
}

void count(char const* what, long change) {
  const std::lock_guard<std::mutex> lock(mutex);
  alive[what] += change;
}

struct Report {
  ~Report() {
    char const* path = std::getenv("FAKE_CUDA_REPORT");
    if (path == nullptr) return;
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr) return;
    std::fputs("{\"misuse\":\"", file);
    std::fputs(misuse.c_str(), file);
    std::fputs("\",\"alive\":{", file);
    bool is_first = true;
    for (const auto& [what, number] : alive) {
      if (number == 0) continue;
      std::fprintf(file, "%s\"%s\":%ld", is_first ? "" : ",", what.c_str(), number);
      is_first = false;
    }
    std::fputs("}}", file);
    std::fclose(file);
  }
} report;

CUresult current(char const* what) {
  if (!contexts.empty()) return CUDA_SUCCESS;
  fake_cuda_violation(what);
  return CUDA_ERROR_INVALID_CONTEXT;
}

}  // namespace

#define NEEDS_CONTEXT \
  if (const CUresult needed = current(__func__); needed != CUDA_SUCCESS) return needed

// The header renames some functions by macro; here they get exactly the names that are exported.
#undef cuDeviceGetUuid
#undef cuDeviceTotalMem
#undef cuDevicePrimaryCtxRelease
#undef cuMemAlloc
#undef cuMemFree
#undef cuMemAllocHost
#undef cuMemcpyHtoDAsync
#undef cuMemcpyDtoHAsync
#undef cuStreamBeginCapture
#undef cuStreamDestroy
#undef cuEventDestroy
#undef cuEventElapsedTime
#undef cuCtxPushCurrent
#undef cuCtxPopCurrent

extern "C" {

bool fake_cuda_has_context() {
  return !contexts.empty();
}
void fake_cuda_violation(char const* what) {
  const std::lock_guard<std::mutex> lock(mutex);
  misuse += std::string(what) + " without a context; ";
}
bool fake_cuda_is_capturing(CUstream stream) {
  return reinterpret_cast<FakeStream*>(stream)->is_capturing;
}
void fake_cuda_launch(CUstream handle, void (*work)(void*), void (*destroy)(void*), void* argument) {
  auto* stream = reinterpret_cast<FakeStream*>(handle);
  Work launched{work, std::shared_ptr<void>(argument, destroy), 0.0};
  if (stream->is_capturing) {
    stream->captured.push_back(launched);
    return;
  }
  work(argument);
  stream->clock_ms += kRunMs;
}

void fake_cuda_spend(CUstream handle, double ms) {
  auto* stream = reinterpret_cast<FakeStream*>(handle);
  if (stream->is_capturing) {
    stream->captured.push_back({[](void*) {}, nullptr, ms});
  } else {
    stream->clock_ms += ms;
  }
}

CUresult cuInit(unsigned) {
  return setting("FAKE_CUDA_DEVICES", 1) == 0 ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}
CUresult cuDriverGetVersion(int* version) {
  return *version = static_cast<int>(setting("FAKE_CUDA_VERSION", 13000)), CUDA_SUCCESS;
}
CUresult cuGetErrorName(CUresult error, char const** name) {
  *name = error == CUDA_ERROR_NO_DEVICE         ? "CUDA_ERROR_NO_DEVICE"
          : error == CUDA_ERROR_INVALID_CONTEXT ? "CUDA_ERROR_INVALID_CONTEXT"
                                                : "CUDA_ERROR_FAKE";
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int* devices) {
  return *devices = static_cast<int>(setting("FAKE_CUDA_DEVICES", 1)), CUDA_SUCCESS;
}
CUresult cuDeviceGet(CUdevice* device, int index) {
  return *device = 100 + index, CUDA_SUCCESS;
}
CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
  char const* kinds = std::getenv("FAKE_CUDA_KINDS");
  std::string kind = "Fake GPU";
  std::istringstream list(kinds == nullptr ? "" : kinds);
  std::string entry;
  for (int i = 0; std::getline(list, entry, ','); ++i) {
    if (i == device - 100) kind = entry;
  }
  return std::snprintf(name, static_cast<std::size_t>(size), "%s", kind.c_str()), CUDA_SUCCESS;
}
CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice) {
  for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<char>(i * 17);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  char const* major = std::getenv("FAKE_CUDA_MAJOR");
  const bool is_major = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
  return *value = !is_major ? 0 : major == nullptr ? 9 : std::atoi(major), CUDA_SUCCESS;
}
CUresult cuDeviceGetPCIBusId(char* id, int size, CUdevice device) {
  return std::snprintf(id, static_cast<std::size_t>(size), "0000:%02x:00.0", static_cast<unsigned>(device - 100)),
         CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice) {
  return *bytes = std::size_t{80} << 30, CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  count("primary contexts", 1);
  return *context = reinterpret_cast<CUcontext>(static_cast<std::uintptr_t>(device)), CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  return count("primary contexts", -1), CUDA_SUCCESS;
}
CUresult cuCtxPushCurrent_v2(CUcontext context) {
  return contexts.push_back(context), CUDA_SUCCESS;
}
CUresult cuCtxPopCurrent_v2(CUcontext* context) {
  return *context = contexts.back(), contexts.pop_back(), CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
  NEEDS_CONTEXT;
  const std::lock_guard<std::mutex> lock(mutex);
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  const auto limit = static_cast<std::size_t>(setting("FAKE_CUDA_MEMORY", 1L << 30));
  if (used_bytes + bytes > limit) return CUDA_ERROR_OUT_OF_MEMORY;
  void* pointer = std::calloc(bytes, 1);
  memory[pointer] = bytes;
  used_bytes += bytes;
  ++alive["device buffers"];
  return *address = reinterpret_cast<CUdeviceptr>(pointer), CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  NEEDS_CONTEXT;
  const std::lock_guard<std::mutex> lock(mutex);
  void* pointer = reinterpret_cast<void*>(address);
  used_bytes -= memory[pointer];
  memory.erase(pointer);
  std::free(pointer);
  --alive["device buffers"];
  return CUDA_SUCCESS;
}
CUresult cuMemAllocHost_v2(void** pointer, std::size_t bytes) {
  NEEDS_CONTEXT;
  count("pinned buffers", 1);
  return *pointer = std::calloc(bytes, 1), CUDA_SUCCESS;
}
CUresult cuMemFreeHost(void* pointer) {
  NEEDS_CONTEXT;
  count("pinned buffers", -1);
  return std::free(pointer), CUDA_SUCCESS;
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, void const* from, std::size_t bytes, CUstream stream) {
  NEEDS_CONTEXT;
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return reinterpret_cast<FakeStream*>(stream)->clock_ms += kCopyMs, CUDA_SUCCESS;
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
  NEEDS_CONTEXT;
  std::memcpy(to, reinterpret_cast<void*>(from), bytes);
  return reinterpret_cast<FakeStream*>(stream)->clock_ms += kCopyMs, CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream* stream, unsigned) {
  NEEDS_CONTEXT;
  count("streams", 1);
  return *stream = reinterpret_cast<CUstream>(new FakeStream), CUDA_SUCCESS;
}
CUresult cuStreamDestroy_v2(CUstream stream) {
  NEEDS_CONTEXT;
  count("streams", -1);
  delete reinterpret_cast<FakeStream*>(stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamSynchronize(CUstream) {
  NEEDS_CONTEXT;
  return CUDA_SUCCESS;
}
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode) {
  NEEDS_CONTEXT;
  return reinterpret_cast<FakeStream*>(stream)->is_capturing = true, CUDA_SUCCESS;
}
CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  NEEDS_CONTEXT;
  auto* stream = reinterpret_cast<FakeStream*>(handle);
  stream->is_capturing = false;
  count("graphs", 1);
  *graph = reinterpret_cast<CUgraph>(new FakeGraph(std::move(stream->captured)));
  stream->captured.clear();
  return CUDA_SUCCESS;
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  NEEDS_CONTEXT;
  count("graph executables", 1);
  return *exec = reinterpret_cast<CUgraphExec>(new FakeGraph(*reinterpret_cast<FakeGraph*>(graph))), CUDA_SUCCESS;
}
CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  NEEDS_CONTEXT;
  for (const Work& work : *reinterpret_cast<FakeGraph*>(exec)) {
    work.run(work.argument.get());
    reinterpret_cast<FakeStream*>(stream)->clock_ms += work.ms;
  }
  // A graph is faster, so that tests can tell the two.
  return reinterpret_cast<FakeStream*>(stream)->clock_ms += kRunMs / 2, CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph graph) {
  count("graphs", -1);
  delete reinterpret_cast<FakeGraph*>(graph);
  return CUDA_SUCCESS;
}
CUresult cuGraphExecDestroy(CUgraphExec exec) {
  NEEDS_CONTEXT;
  count("graph executables", -1);
  delete reinterpret_cast<FakeGraph*>(exec);
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent* event, unsigned) {
  NEEDS_CONTEXT;
  count("events", 1);
  return *event = reinterpret_cast<CUevent>(new FakeEvent), CUDA_SUCCESS;
}
CUresult cuEventDestroy_v2(CUevent event) {
  NEEDS_CONTEXT;
  count("events", -1);
  delete reinterpret_cast<FakeEvent*>(event);
  return CUDA_SUCCESS;
}
CUresult cuEventRecord(CUevent event, CUstream stream) {
  NEEDS_CONTEXT;
  return reinterpret_cast<FakeEvent*>(event)->at_ms = reinterpret_cast<FakeStream*>(stream)->clock_ms, CUDA_SUCCESS;
}
CUresult cuEventSynchronize(CUevent) {
  NEEDS_CONTEXT;
  return CUDA_SUCCESS;
}
CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  NEEDS_CONTEXT;
  const double from = reinterpret_cast<FakeEvent*>(start)->at_ms;
  const double to = reinterpret_cast<FakeEvent*>(end)->at_ms;
  if (from < 0 || to < 0) return CUDA_ERROR_INVALID_HANDLE;
  return *milliseconds = static_cast<float>(to - from), CUDA_SUCCESS;
}

}  // extern "C"
