#include "async_call.h"

#include <utility>

#include "environment.h"
#include "errors.h"

namespace calib::tensorrt::addon {

Napi::Promise AsyncCall::start(Napi::Env env, Parts parts) {
  auto call = std::make_shared<AsyncCall>(env, std::move(parts));
  const Napi::Promise promise = call->deferred_.Promise();
  call->begin(call);
  return promise;
}

AsyncCall::AsyncCall(Napi::Env env, Parts parts) : env_(env), parts_(std::move(parts)), deferred_(env) {}

void AsyncCall::begin(std::shared_ptr<AsyncCall> self) {
  function_ = Napi::ThreadSafeFunction::New(env_, Napi::Function(), "calib_tensorrt", 0, 1);
  self_ = std::move(self);
  try {
    thread_ = std::thread([this] {
      try {
        parts_.work(*this);
      } catch (...) {
        failure_ = std::current_exception();
      }
      function_.NonBlockingCall([call = self_](Napi::Env, Napi::Function) { call->complete(); });
    });
  } catch (...) {
    function_.Release();
    if (parts_.settled) parts_.settled();
    parts_ = {};
    self_.reset();
    throw;
  }
  // Hooks run in reverse order, so that this one runs before the one that ends the thread-safe function.
  napi_add_env_cleanup_hook(env_, &AsyncCall::at_teardown, this);
  environment_of(env_).calls.insert(this);
}

void AsyncCall::post(std::function<void(Napi::Env)> body) {
  function_.NonBlockingCall([call = self_, body = std::move(body)](Napi::Env env, Napi::Function) {
    if (call->is_ended_) return;
    try {
      body(env);
    } catch (const Napi::Error& error) {
      if (!call->callback_error_) call->callback_error_ = error;
      if (call->parts_.abandon) call->parts_.abandon();
    }
  });
}

void AsyncCall::complete() {
  if (is_ended_) return;
  // The thread reads self_ until it ends.
  thread_.join();
  const std::shared_ptr<AsyncCall> alive = std::move(self_);
  napi_remove_env_cleanup_hook(env_, &AsyncCall::at_teardown, this);
  environment_of(env_).calls.erase(this);
  function_.Release();
  settle();
  // Destroyed on this thread, because some parts own references to JavaScript values and some own CUDA objects.
  parts_ = {};
  callback_error_.reset();
}

void AsyncCall::settle() {
  if (parts_.settled) parts_.settled();
  if (callback_error_) return deferred_.Reject(callback_error_->Value());
  if (failure_) return deferred_.Reject(error_value(env_, failure_));
  try {
    deferred_.Resolve(parts_.finish(env_));
  } catch (...) {
    deferred_.Reject(error_value(env_, std::current_exception()));
  }
}

void AsyncCall::end() {
  is_ended_ = true;
  if (parts_.abandon) parts_.abandon();
  // The thread reads self_ until it ends.
  thread_.join();
  const std::shared_ptr<AsyncCall> alive = std::move(self_);
  parts_ = {};
  callback_error_.reset();
}

void AsyncCall::at_teardown(void* call) {
  static_cast<AsyncCall*>(call)->end();
}

void AsyncCall::end_all(Napi::Env env) {
  for (AsyncCall* call : std::exchange(environment_of(env).calls, {})) {
    napi_remove_env_cleanup_hook(env, &AsyncCall::at_teardown, call);
    call->end();
  }
}

}  // namespace calib::tensorrt::addon
