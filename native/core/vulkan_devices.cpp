#include "vulkan_devices.h"

#ifdef __linux__
#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstring>
#endif

namespace calib {

#ifdef __linux__

namespace {

// The few structures of the Vulkan specification (1.0) that are needed for the names of devices; this avoids a
// dependency on its headers.
using Handle = void*;
using Result = std::int32_t;

struct ApplicationInfo {
  std::int32_t type = 0;
  const void* next = nullptr;
  const char* name = nullptr;
  std::uint32_t version = 0;
  const char* engine_name = nullptr;
  std::uint32_t engine_version = 0;
  std::uint32_t api_version = 1U << 22;
};
struct InstanceCreateInfo {
  std::int32_t type = 1;
  const void* next = nullptr;
  std::uint32_t flags = 0;
  const ApplicationInfo* application = nullptr;
  std::uint32_t layer_count = 0;
  const char* const* layers = nullptr;
  std::uint32_t extension_count = 0;
  const char* const* extensions = nullptr;
};
/** The first fields of VkPhysicalDeviceProperties, which are read; the whole structure has 824 bytes. */
struct alignas(8) DeviceProperties {
  std::uint32_t api_version;
  std::uint32_t driver_version;
  std::uint32_t vendor_id;
  std::uint32_t device_id;
  std::int32_t kind;
  std::array<char, 256> name;
  std::array<std::uint8_t, 2048> rest;
};

constexpr std::array<const char*, 5> kKinds = {"other", "integrated", "discrete", "virtual", "cpu"};

class Library {
 public:
  Library() : handle_(dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL)) {}
  ~Library() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <typename Function>
  Function symbol(const char* name) const {
    return handle_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(handle_, name));
  }

 private:
  void* handle_;
};

VulkanDevice described(const DeviceProperties& properties) {
  const auto kind = static_cast<std::size_t>(properties.kind);
  const std::size_t length = strnlen(properties.name.data(), properties.name.size());
  return {std::string(properties.name.data(), length), kind < kKinds.size() ? kKinds[kind] : kKinds[0]};
}

}  // namespace

std::vector<VulkanDevice> vulkan_devices() {
  const Library library;
  const auto create = library.symbol<Result (*)(const InstanceCreateInfo*, const void*, Handle*)>("vkCreateInstance");
  const auto destroy = library.symbol<void (*)(Handle, const void*)>("vkDestroyInstance");
  const auto enumerate = library.symbol<Result (*)(Handle, std::uint32_t*, Handle*)>("vkEnumeratePhysicalDevices");
  const auto describe = library.symbol<void (*)(Handle, DeviceProperties*)>("vkGetPhysicalDeviceProperties");
  if (create == nullptr || destroy == nullptr || enumerate == nullptr || describe == nullptr) return {};
  const ApplicationInfo application;
  InstanceCreateInfo info;
  info.application = &application;
  Handle instance = nullptr;
  if (create(&info, nullptr, &instance) != 0) return {};
  std::vector<VulkanDevice> devices;
  std::uint32_t count = 0;
  if (enumerate(instance, &count, nullptr) == 0) {
    std::vector<Handle> handles(count);
    if (enumerate(instance, &count, handles.data()) == 0) {
      for (std::uint32_t i = 0; i < count; ++i) {
        DeviceProperties properties{};
        describe(handles[i], &properties);
        devices.push_back(described(properties));
      }
    }
  }
  destroy(instance, nullptr);
  return devices;
}

#else

std::vector<VulkanDevice> vulkan_devices() {
  return {};
}

#endif

}  // namespace calib
