#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/workers.h"
#include "http/loop.h"
#include "http/task.h"

namespace cofferdam::gate {

// Calls `work` on a worker, since it may touch the disk, and waits for it on
// the loop. kExhausted when all workers are busy, kDeadline when it takes
// longer than `timeout_ms`; it goes on then, so `work` owns what it needs.
template <typename T>
http::Task<Result<T>> OnWorkers(http::Loop& loop, Workers& workers,
                                std::function<Result<T>()> work,
                                int64_t timeout_ms) {
  auto [promise, future] = http::MakePromise<T>(loop);
  auto shared = std::make_shared<http::Promise<T>>(std::move(promise));
  CO_TRY(workers.Submit(
      [shared, work = std::move(work)] { shared->Set(work()); }));
  co_return co_await future.Wait(timeout_ms);
}

}  // namespace cofferdam::gate
