#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace calib::tensorrt::addon {

/**
 * One [async] call: `work` runs on a thread of its own (builds would block libuv's few threads, which also read files),
 * the rest on the JS thread. If the process or the worker ends meanwhile, it calls `abandon` and waits for the thread,
 * because TensorRT and CUDA crash if they are torn down while they work.
 */
class AsyncCall {
 public:
  struct Parts {
    /** May use post() of the given call. Must not access Napi values. */
    std::function<void(AsyncCall&)> work;
    /** Called after `work` if it did not throw; returns the value that the promise resolves with. */
    std::function<Napi::Value(Napi::Env)> finish;
    /** Called before the promise is settled, and also if the call could not begin. May be empty. */
    std::function<void()> settled;
    /** Makes `work` end early. Called on the JS thread at any time, possibly more than once. May be empty. */
    std::function<void()> abandon;
  };

  static Napi::Promise start(Napi::Env env, Parts parts);
  /**
   * Ends all calls of an environment without settling their promises; needed for process.exit(), which runs no cleanup
   * hooks.
   */
  static void end_all(Napi::Env env);

  AsyncCall(Napi::Env env, Parts parts);
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /**
   * Called from `work`: runs `body` on the JS thread, in the order of the posts and before the promise is settled. If
   * `body` throws, the call is abandoned and the promise rejects with that error.
   */
  void post(std::function<void(Napi::Env)> body);

 private:
  void begin(std::shared_ptr<AsyncCall> self);
  void complete();
  void settle();
  void end();
  static void at_teardown(void* call);

  const Napi::Env env_;
  Parts parts_;
  const Napi::Promise::Deferred deferred_;
  Napi::ThreadSafeFunction function_;
  std::thread thread_;
  std::exception_ptr failure_;
  std::optional<Napi::Error> callback_error_;
  bool is_ended_ = false;
  /** Keeps the call alive until it is settled. */
  std::shared_ptr<AsyncCall> self_;
};

}  // namespace calib::tensorrt::addon
