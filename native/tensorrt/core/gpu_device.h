#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace calib::tensorrt {

struct GpuDevice {
  int index;
  std::string name;
  /** `GPU-` and the UUID in hexadecimal, as nvidia-smi writes it. */
  std::string uuid;
  /** `9.0` */
  std::string compute_capability;
  std::uint64_t memory_bytes;
  /** CUDA version of the driver, `13.0`. */
  std::string driver_version;
};

/** The GPUs that the driver shows this process. Throws driver-missing, driver-old, no-gpu. */
std::vector<GpuDevice> list_devices();

/** Throws wrong-argument unless there is a GPU with this index; else the errors of list_devices. */
void check_device(int device);

/** What NVML tells about one GPU now; what it cannot tell is empty. */
struct GpuReadings {
  std::optional<double> sm_clock_mhz;
  std::optional<double> memory_clock_mhz;
  std::optional<double> temperature_celsius;
  std::optional<double> power_watts;
  /** Why the clocks are not higher. `gpu-idle` and `applications-clocks-setting` are no faults. */
  std::optional<std::vector<std::string>> throttle_reasons;
  /** Version of the driver package, `580.65.06`. */
  std::optional<std::string> driver;
  /** Memory of the whole GPU in use, by every process. */
  std::optional<double> used_memory_bytes;
};

/** Throws as check_device; all readings are empty where NVML is absent. */
GpuReadings read_gpu(int device);

}  // namespace calib::tensorrt
