#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace cofferdam::http {

// A coroutine that yields one T. It is lazy: it starts when it is awaited (or
// spawned on a Loop, loop.h), runs on the thread of whoever resumes it, and
// hands control back without growing the stack. Move-only; owns its frame, so
// that dropping a Task drops what it was doing. Await it once:
//
//   Task<Result<int>> Count();
//   Result<int> n = co_await Count();
//
// No exception may leave it: one that does is our own mistake (CHECK).
// Arguments taken by reference or view must outlive the awaiting expression.
template <typename T>
class [[nodiscard]] Task;

namespace task_internal {

class PromiseBase {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }

  struct ToAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> done) noexcept {
      return done.promise().awaiter_;
    }
    void await_resume() noexcept {}
  };
  ToAwaiter final_suspend() noexcept { return {}; }

  void unhandled_exception() noexcept {
    CheckFailed("no exception leaves a coroutine", __FILE__, __LINE__);
  }
  void set_awaiter(std::coroutine_handle<> awaiter) { awaiter_ = awaiter; }

 private:
  std::coroutine_handle<> awaiter_ = std::noop_coroutine();
};

template <typename T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object();
  template <typename U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T Take() {
    CHECK(value_.has_value());
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() noexcept {}
  void Take() noexcept {}
};

}  // namespace task_internal

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_internal::Promise<T>;

  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Drop();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { Drop(); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<> awaiter) noexcept {
        handle.promise().set_awaiter(awaiter);
        return handle;
      }
      T await_resume() { return handle.promise().Take(); }
    };
    CHECK(handle_ && !handle_.done());
    return Awaiter{handle_};
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  void Drop() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  std::coroutine_handle<promise_type> handle_;
};

namespace task_internal {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace task_internal

}  // namespace cofferdam::http
