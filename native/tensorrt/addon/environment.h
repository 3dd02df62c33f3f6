#pragma once

#include <napi.h>

#include <set>

namespace calib::tensorrt {
class Library;
}

namespace calib::tensorrt::addon {

class AsyncCall;

/**
 * The state of one JavaScript environment: the classes, which JavaScript itself cannot construct, and the open calls.
 */
struct Environment {
  Napi::FunctionReference cancel_token, library, engine, runner;
  Napi::ObjectReference opened;
  const Library* opened_native = nullptr;
  std::set<AsyncCall*> calls;
};

inline Environment& environment_of(Napi::Env env) {
  return *env.GetInstanceData<Environment>();
}

}  // namespace calib::tensorrt::addon
