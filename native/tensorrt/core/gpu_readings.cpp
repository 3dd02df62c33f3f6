#include <array>
#include <mutex>

#include "cuda_driver.h"
#include "dynamic_library.h"
#include "gpu_device.h"

namespace calib::tensorrt {

namespace {

// The few declarations of NVML that are used here; its header is not part of the CUDA headers. Every call returns 0 on
// success.
using NvmlDevice = struct NvmlDeviceHandle*;
struct NvmlMemory {
  unsigned long long total, free, used;
};
constexpr unsigned kClockSm = 1;
constexpr unsigned kClockMemory = 2;
constexpr unsigned kTemperatureGpu = 0;
constexpr int kTextBytes = 96;
constexpr int kBusIdBytes = 64;

struct Reason {
  unsigned long long bit;
  const char* name;
};
constexpr Reason kReasons[] = {
    {0x001, "gpu-idle"},
    {0x002, "applications-clocks-setting"},
    {0x004, "power-cap"},
    {0x008, "hardware-slowdown"},
    {0x010, "sync-boost"},
    {0x020, "thermal"},
    {0x040, "hardware-thermal"},
    {0x080, "hardware-power-brake"},
    {0x100, "display-clock-setting"},
};

class Nvml {
 public:
  explicit Nvml(const DynamicLibrary& library) : library_(library) {}

  /** Calls a function of NVML by name; returns false if the function is missing or fails. */
  template <typename... Arguments>
  bool call(const char* symbol, Arguments... arguments) const {
    const auto function = library_.function<int (*)(Arguments...)>(symbol);
    return function != nullptr && function(arguments...) == 0;
  }

 private:
  DynamicLibrary library_;
};

/** Null if NVML is absent or does not start. It is never shut down. */
const Nvml* nvml() {
  static std::mutex mutex;
  static std::optional<Nvml> started;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!started) {
    const auto library = DynamicLibrary::try_open("libnvidia-ml.so.1");
    if (!library) return nullptr;
    const Nvml candidate(*library);
    if (!candidate.call("nvmlInit_v2")) return nullptr;
    started = candidate;
  }
  return &*started;
}

/** Calls a function whose last parameter receives an unsigned number. */
template <typename... Arguments>
std::optional<double> number_of(const Nvml& library, const char* symbol, Arguments... arguments) {
  unsigned value = 0;
  return library.call(symbol, arguments..., &value) ? std::optional<double>(value) : std::nullopt;
}

}  // namespace

GpuReadings read_gpu(int device) {
  check_device(device);
  const CudaDriver& driver = CudaDriver::get();
  GpuReadings readings;
  const Nvml* library = nvml();
  if (library == nullptr) return readings;
  std::array<char, kTextBytes> text{};
  if (library->call("nvmlSystemGetDriverVersion", text.data(), static_cast<unsigned>(kTextBytes - 1)))
    readings.driver = text.data();

  // Found by bus id, because NVML counts all GPUs, but CUDA only those that CUDA_VISIBLE_DEVICES allows.
  std::array<char, kBusIdBytes> bus_id{};
  CUdevice cuda_device = 0;
  NvmlDevice handle = nullptr;
  if (driver.device_get(&cuda_device, device) != CUDA_SUCCESS ||
      driver.device_get_pci_bus_id(bus_id.data(), kBusIdBytes - 1, cuda_device) != CUDA_SUCCESS ||
      !library->call("nvmlDeviceGetHandleByPciBusId_v2", static_cast<const char*>(bus_id.data()), &handle)) {
    return readings;
  }
  readings.sm_clock_mhz = number_of(*library, "nvmlDeviceGetClockInfo", handle, kClockSm);
  readings.memory_clock_mhz = number_of(*library, "nvmlDeviceGetClockInfo", handle, kClockMemory);
  readings.temperature_celsius = number_of(*library, "nvmlDeviceGetTemperature", handle, kTemperatureGpu);
  const auto milliwatts = number_of(*library, "nvmlDeviceGetPowerUsage", handle);
  if (milliwatts) readings.power_watts = *milliwatts / 1000.0;
  unsigned long long bits = 0;
  if (library->call("nvmlDeviceGetCurrentClocksEventReasons", handle, &bits) ||
      library->call("nvmlDeviceGetCurrentClocksThrottleReasons", handle, &bits)) {
    readings.throttle_reasons.emplace();
    for (const Reason& reason : kReasons) {
      if ((bits & reason.bit) != 0) readings.throttle_reasons->push_back(reason.name);
    }
  }
  NvmlMemory memory{};
  if (library->call("nvmlDeviceGetMemoryInfo", handle, &memory))
    readings.used_memory_bytes = static_cast<double>(memory.used);
  return readings;
}

}  // namespace calib::tensorrt
