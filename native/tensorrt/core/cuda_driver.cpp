#include "cuda_driver.h"

#include <NvInferVersion.h>

#include <mutex>
#include <optional>

#include "../../core/error.h"
#include "codes.h"
#include "dynamic_library.h"

namespace calib::tensorrt {

namespace {

constexpr const char* kLibrary = "libcuda.so.1";
/** Oldest CUDA version that the oldest supported libraries of this major require. */
constexpr int kMinimumVersion = NV_TENSORRT_MAJOR >= 11 ? 12000 : 11080;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

class SymbolReader {
 public:
  explicit SymbolReader(const DynamicLibrary& library) : library_(library) {}

  template <typename Function>
  void read(Function& function, const char* symbol) const {
    function = library_.function<Function>(symbol);
    if (function == nullptr)
      throw Error(kDriverOld, std::string("The NVIDIA driver has no ") + symbol + "; it needs CUDA " +
                                  version_text(kMinimumVersion) + " or newer");
  }

 private:
  const DynamicLibrary& library_;
};

void read_devices(CudaDriver& driver, const SymbolReader& symbols) {
  symbols.read(driver.init, "cuInit");
  symbols.read(driver.driver_get_version, "cuDriverGetVersion");
  symbols.read(driver.get_error_name, "cuGetErrorName");
  symbols.read(driver.device_get_count, "cuDeviceGetCount");
  symbols.read(driver.device_get, "cuDeviceGet");
  symbols.read(driver.device_get_name, "cuDeviceGetName");
  symbols.read(driver.device_get_uuid, "cuDeviceGetUuid_v2");
  symbols.read(driver.device_get_attribute, "cuDeviceGetAttribute");
  symbols.read(driver.device_get_pci_bus_id, "cuDeviceGetPCIBusId");
  symbols.read(driver.device_total_mem, "cuDeviceTotalMem_v2");
  symbols.read(driver.primary_ctx_retain, "cuDevicePrimaryCtxRetain");
  symbols.read(driver.primary_ctx_release, "cuDevicePrimaryCtxRelease_v2");
  symbols.read(driver.ctx_push_current, "cuCtxPushCurrent_v2");
  symbols.read(driver.ctx_pop_current, "cuCtxPopCurrent_v2");
}

void read_work(CudaDriver& driver, const SymbolReader& symbols) {
  symbols.read(driver.mem_alloc, "cuMemAlloc_v2");
  symbols.read(driver.mem_free, "cuMemFree_v2");
  symbols.read(driver.mem_alloc_host, "cuMemAllocHost_v2");
  symbols.read(driver.mem_free_host, "cuMemFreeHost");
  symbols.read(driver.memcpy_to_device, "cuMemcpyHtoDAsync_v2");
  symbols.read(driver.memcpy_to_host, "cuMemcpyDtoHAsync_v2");
  symbols.read(driver.stream_create, "cuStreamCreate");
  symbols.read(driver.stream_destroy, "cuStreamDestroy_v2");
  symbols.read(driver.stream_synchronize, "cuStreamSynchronize");
  symbols.read(driver.stream_begin_capture, "cuStreamBeginCapture_v2");
  symbols.read(driver.stream_end_capture, "cuStreamEndCapture");
  symbols.read(driver.graph_instantiate, "cuGraphInstantiateWithFlags");
  symbols.read(driver.graph_launch, "cuGraphLaunch");
  symbols.read(driver.graph_destroy, "cuGraphDestroy");
  symbols.read(driver.graph_exec_destroy, "cuGraphExecDestroy");
  symbols.read(driver.event_create, "cuEventCreate");
  symbols.read(driver.event_destroy, "cuEventDestroy_v2");
  symbols.read(driver.event_record, "cuEventRecord");
  symbols.read(driver.event_synchronize, "cuEventSynchronize");
  symbols.read(driver.event_elapsed_time, "cuEventElapsedTime");
}

const char* code_of_start(CUresult result) {
  switch (result) {
    case CUDA_ERROR_NO_DEVICE:
    case CUDA_ERROR_INVALID_DEVICE:
      return kNoGpu;
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
    case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
      return kDriverOld;
    default:
      return kDriverMissing;
  }
}

CudaDriver start() {
  const DynamicLibrary library = DynamicLibrary::open(kLibrary, kDriverMissing);
  const SymbolReader symbols(library);
  CudaDriver driver{};
  read_devices(driver, symbols);
  if (driver.driver_get_version(&driver.version) == CUDA_SUCCESS && driver.version < kMinimumVersion) {
    throw Error(kDriverOld, "The NVIDIA driver supports CUDA " + version_text(driver.version) + "; TensorRT " +
                                std::to_string(NV_TENSORRT_MAJOR) + " needs " + version_text(kMinimumVersion) +
                                " or newer");
  }
  read_work(driver, symbols);
  const CUresult started = driver.init(0);
  if (started != CUDA_SUCCESS) {
    const char* code = code_of_start(started);
    throw Error(code, code == kNoGpu ? "The NVIDIA driver finds no GPU (" + driver.error_name(started) + ")"
                                     : "The NVIDIA driver does not start: " + driver.error_name(started));
  }
  return driver;
}

}  // namespace

const CudaDriver& CudaDriver::get() {
  static std::mutex mutex;
  static std::optional<CudaDriver> driver;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!driver) driver = start();
  return *driver;
}

std::string CudaDriver::error_name(CUresult result) const {
  const char* name = nullptr;
  if (get_error_name(result, &name) == CUDA_SUCCESS && name != nullptr) return name;
  return "CUDA error " + std::to_string(static_cast<int>(result));
}

void CudaDriver::check(CUresult result, const char* what) const {
  if (result == CUDA_SUCCESS) return;
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    throw Error(kOutOfMemory, std::string(what) + ": the GPU has not enough free memory");
  throw Error(kInternal, std::string(what) + " failed: " + error_name(result));
}

}  // namespace calib::tensorrt
