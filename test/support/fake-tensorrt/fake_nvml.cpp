// A libnvidia-ml.so.1 that knows one GPU, whose memory clock cannot be read.
#include <cstdio>
#include <cstring>

extern "C" {

struct FakeMemory {
  unsigned long long total, free, used;
};

int nvmlInit_v2() {
  return 0;
}
int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  return std::snprintf(text, size, "580.65.06"), 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(char const* id, void** device) {
  static int gpu = 0;
  *device = &gpu;
  return std::strcmp(id, "0000:00:00.0") == 0 ? 0 : 6;
}
int nvmlDeviceGetClockInfo(void*, unsigned clock, unsigned* mhz) {
  return *mhz = 1980, clock == 1 ? 0 : 3;
}
int nvmlDeviceGetTemperature(void*, unsigned, unsigned* celsius) {
  return *celsius = 41, 0;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  return *milliwatts = 118500, 0;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* bits) {
  return *bits = 0x24, 0;
}
int nvmlDeviceGetMemoryInfo(void*, FakeMemory* memory) {
  return *memory = {100, 60, 40}, 0;
}

}  // extern "C"
