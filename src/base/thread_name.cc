#include "base/thread_name.h"

#include <pthread.h>

#include <string>

namespace cofferdam {

void SetThreadName(std::string_view name) {
  constexpr size_t kBytesMax = 15;
  const std::string kept(name.substr(0, kBytesMax));
  pthread_setname_np(pthread_self(), kept.c_str());
}

}  // namespace cofferdam
