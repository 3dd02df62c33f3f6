#include "job_thread.h"

#include <utility>

#include "arguments.h"

namespace calib::addon {

JobThread::JobThread(Napi::Env env)
    : env_(env), completion_(Completion::New(env, "calib job", 0, 1, this)), thread_([this] { loop(); }) {
  completion_.Unref(env);  // An idle thread does not keep the process alive.
  // Hooks run in reverse order: the thread has ended before Node.js takes back `completion_`, which added its own hook.
  napi_add_env_cleanup_hook(env, stop, this);
}

JobThread::~JobThread() {
  if (!thread_.joinable()) return;
  napi_remove_env_cleanup_hook(env_, stop, this);
  stop(this);
}

void JobThread::stop(void* data) {
  auto* self = static_cast<JobThread*>(data);
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->is_stopping_ = true;
  }
  self->wake_.notify_one();
  self->thread_.join();
  self->completion_.Release();
}

Napi::Promise JobThread::start(std::unique_ptr<Job> job) {
  const Napi::Promise promise = job->deferred.Promise();
  completion_.Ref(promise.Env());
  is_busy_ = true;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    next_ = std::move(job);
  }
  wake_.notify_one();
  return promise;
}

void JobThread::loop() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return is_stopping_ || next_; });
      if (is_stopping_) return;
      job = std::move(next_);
    }
    try {
      job->work();
    } catch (...) {
      job->failure = std::current_exception();
    }
    // The JavaScript thread deletes the job. At the end of the environment nobody does: its references are void then.
    completion_.NonBlockingCall(job.release());
  }
}

void JobThread::settle(Napi::Env env, Napi::Function, JobThread* thread, Job* finished) {
  if (static_cast<napi_env>(env) == nullptr) return;
  const std::unique_ptr<Job> job(finished);
  thread->completion_.Unref(env);
  thread->is_busy_ = false;
  try {
    job->deferred.Resolve(guarded(env, [&] {
      if (job->failure) std::rethrow_exception(job->failure);
      return job->result(env);
    }));
  } catch (const Napi::Error& error) {
    job->deferred.Reject(error.Value());
  } catch (const std::exception& error) {
    job->deferred.Reject(Napi::Error::New(env, error.what()).Value());
  }
}

}  // namespace calib::addon
