#pragma once

#include <future>
#include <utility>

#include "http/loop.h"

namespace cofferdam::http {

// Runs a coroutine on the first loop of a pool, and waits for what it returns.
template <typename T>
T RunTask(LoopPool& pool, Task<T> task) {
  std::promise<T> done;
  constexpr auto kFill = [](Task<T> inner, std::promise<T>& out) -> Task<void> {
    out.set_value(co_await std::move(inner));
  };
  pool.at(0).Spawn(kFill(std::move(task), done));
  return done.get_future().get();
}

}  // namespace cofferdam::http
