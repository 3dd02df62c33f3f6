#pragma once

#include <string>
#include <vector>

namespace calib {

/** A GPU (or a processor that emulates one) as a Vulkan driver describes it. */
struct VulkanDevice {
  std::string name;
  /** `discrete`, `integrated`, `virtual`, `cpu` or `other`. */
  std::string kind;
};

/**
 * The devices that Vulkan reports, in its order; empty without a Vulkan loader or driver, and on systems other than
 * Linux. Opens libvulkan.so.1 and thereby the drivers of this machine, which may write to stderr.
 */
std::vector<VulkanDevice> vulkan_devices();

}  // namespace calib
