#include "gpu_device.h"

#include <array>
#include <cstdio>

#include "../../core/error.h"
#include "codes.h"
#include "cuda_driver.h"

namespace calib::tensorrt {

namespace {

constexpr int kNameBytes = 256;

int device_count(const CudaDriver& driver) {
  int count = 0;
  driver.check(driver.device_get_count(&count), "Counting the GPUs");
  if (count == 0) throw Error(kNoGpu, "The NVIDIA driver shows no GPU to this process");
  return count;
}

std::string uuid_text(const CUuuid& uuid) {
  std::string text = "GPU";
  for (int i = 0; i < 16; ++i) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(uuid.bytes[i])));
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += "-";
    text += digits.data();
  }
  return text;
}

GpuDevice describe(const CudaDriver& driver, int index) {
  CUdevice device = 0;
  driver.check(driver.device_get(&device, index), "Reading a GPU");
  std::array<char, kNameBytes> name{};
  driver.check(driver.device_get_name(name.data(), kNameBytes - 1, device), "Reading the GPU's name");
  CUuuid uuid{};
  driver.check(driver.device_get_uuid(&uuid, device), "Reading the GPU's UUID");
  int major = 0;
  int minor = 0;
  driver.check(driver.device_get_attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
               "Reading the compute capability");
  driver.check(driver.device_get_attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
               "Reading the compute capability");
  std::size_t memory = 0;
  driver.check(driver.device_total_mem(&memory, device), "Reading the GPU's memory");
  return {index,           name.data(),
          uuid_text(uuid), std::to_string(major) + "." + std::to_string(minor),
          memory,          std::to_string(driver.version / 1000) + "." + std::to_string(driver.version % 1000 / 10)};
}

}  // namespace

std::vector<GpuDevice> list_devices() {
  const CudaDriver& driver = CudaDriver::get();
  std::vector<GpuDevice> devices;
  const int count = device_count(driver);
  for (int index = 0; index < count; ++index) devices.push_back(describe(driver, index));
  return devices;
}

void check_device(int device) {
  const int count = device_count(CudaDriver::get());
  if (device < 0 || device >= count) {
    throw Error(kWrongArgument,
                "Expected device to be from 0 to " + std::to_string(count - 1) + ", found " + std::to_string(device));
  }
}

}  // namespace calib::tensorrt
