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

/** The GPUs that the driver reports to this process. Throws driver-missing, driver-old, no-gpu. */
std::vector<GpuDevice> list_devices();

/** Throws wrong-argument unless there is a GPU with this index, and the errors of list_devices. */
void check_device(int device);

/** Current readings of one GPU from NVML; values that NVML cannot report are empty. */
struct GpuReadings {
  std::optional<double> sm_clock_mhz;
  std::optional<double> memory_clock_mhz;
  std::optional<double> temperature_celsius;
  std::optional<double> power_watts;
  /** Reasons why the clocks are not higher. `gpu-idle` and `applications-clocks-setting` are not faults. */
  std::optional<std::vector<std::string>> throttle_reasons;
  /** Version of the driver package, `580.65.06`. */
  std::optional<std::string> driver;
  /** Memory in use on the whole GPU by all processes. */
  std::optional<double> used_memory_bytes;
};

/** Throws like check_device; all readings are empty if NVML is absent. */
GpuReadings read_gpu(int device);

}  // namespace calib::tensorrt
