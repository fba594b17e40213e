#include "base/thread_name.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <string>
#include <thread>

namespace cofferdam {
namespace {

std::string NameAfterSetting(const std::string& name) {
  char read[16] = {};
  std::thread thread([&] {
    SetThreadName(name);
    pthread_getname_np(pthread_self(), read, sizeof(read));
  });
  thread.join();
  return read;
}

TEST(ThreadName, FifteenBytesStand) {
  EXPECT_EQ(NameAfterSetting("indexer-1234567"), "indexer-1234567");
}

TEST(ThreadName, OfSixteenBytesTheFirstFifteenStand) {
  EXPECT_EQ(NameAfterSetting("indexer-12345678"), "indexer-1234567");
}

}  // namespace
}  // namespace cofferdam
