#include "base/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace cofferdam {
namespace {

TEST(Workers, FinishWhatWasSubmittedBeforeTheyGo) {
  std::atomic<int> done = 0;
  {
    Workers workers(2, 100);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(workers.Submit([&] { ++done; }).ok());
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(Workers, AFullQueueIsAnAnswer) {
  std::promise<void> started;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  Workers workers(1, 2);
  ASSERT_TRUE(workers
                  .Submit([&] {
                    started.set_value();
                    released.wait();
                  })
                  .ok());
  started.get_future().wait();
  EXPECT_TRUE(workers.Submit([] {}).ok());
  EXPECT_TRUE(workers.Submit([] {}).ok());
  Status full = workers.Submit([] {});
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), Code::kExhausted);
  release.set_value();
}

}  // namespace
}  // namespace cofferdam
