// The fake libcuda's extras for the fake libnvinfer, which, as the real one, does not link libcuda.
#include <dlfcn.h>

#include "fake_cuda.h"

namespace {

template <typename Function>
Function found(char const* name) {
  return reinterpret_cast<Function>(dlsym(dlopen("libcuda.so.1", RTLD_NOW), name));
}

}  // namespace

#define FORWARD(name) static const auto function = found<decltype(&name)>(#name)

extern "C" {

__attribute__((visibility("hidden"))) bool fake_cuda_has_context() {
  FORWARD(fake_cuda_has_context);
  return function();
}
__attribute__((visibility("hidden"))) void fake_cuda_launch(CUstream stream, void (*work)(void*),
                                                            void (*destroy)(void*), void* argument) {
  FORWARD(fake_cuda_launch);
  function(stream, work, destroy, argument);
}
__attribute__((visibility("hidden"))) void fake_cuda_spend(CUstream stream, double ms) {
  FORWARD(fake_cuda_spend);
  function(stream, ms);
}
__attribute__((visibility("hidden"))) bool fake_cuda_is_capturing(CUstream stream) {
  FORWARD(fake_cuda_is_capturing);
  return function(stream);
}
__attribute__((visibility("hidden"))) void fake_cuda_violation(char const* what) {
  FORWARD(fake_cuda_violation);
  function(what);
}

}  // extern "C"
