#include "base/snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace cofferdam {
namespace {

TEST(Snapshot, IsNullUntilSomethingIsStored) {
  Snapshot<int> snapshot;
  EXPECT_EQ(snapshot.Load(), nullptr);
  snapshot.Store(std::make_shared<const int>(7));
  EXPECT_EQ(*snapshot.Load(), 7);
}

TEST(Snapshot, LetsTheOldOneGoOnceNobodyHoldsIt) {
  auto first = std::make_shared<const int>(1);
  std::weak_ptr<const int> watched = first;
  Snapshot<int> snapshot(std::move(first));
  std::shared_ptr<const int> held = snapshot.Load();
  snapshot.Store(std::make_shared<const int>(2));
  EXPECT_EQ(*held, 1);
  held.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(*snapshot.Load(), 2);
}

// More threads than slots, so that some share one.
TEST(Snapshot, ReadersSeeWholeEditionsInTheirOrder) {
  constexpr int kEditions = 2'000;
  constexpr int kReaders = 20;
  Snapshot<std::vector<int>> snapshot(
      std::make_shared<const std::vector<int>>(8, 0));
  std::atomic<int> wrong = 0;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!done) {
        std::shared_ptr<const std::vector<int>> edition = snapshot.Load();
        for (int value : *edition) {
          if (value != edition->front()) ++wrong;
        }
        if (edition->front() < last) ++wrong;
        last = edition->front();
        std::this_thread::yield();
      }
    });
  }
  for (int i = 1; i <= kEditions; ++i) {
    snapshot.Store(std::make_shared<const std::vector<int>>(8, i));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(snapshot.Load()->front(), kEditions);
}

}  // namespace
}  // namespace cofferdam
