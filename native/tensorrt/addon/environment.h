#pragma once

#include <napi.h>

#include <set>

namespace calib::tensorrt {
class Library;
}

namespace calib::tensorrt::addon {

class AsyncCall;

/** What one JavaScript environment keeps: the classes, which JavaScript itself cannot construct, and what is under way.
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
