#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace cofferdam {

// This thread's number, counted from 0 as threads first ask for it.
inline size_t ThreadNumber() {
  static std::atomic<size_t> next = 0;
  thread_local const size_t number = next.fetch_add(1);
  return number;
}

// The latest edition of something immutable, which many threads read on their
// hot path while one replaces it now and then.
//
// Load() takes no lock, waits for nobody and allocates nothing: it notes in its
// thread's slot that it reads, copies the pointer, and takes the note back.
// Store() puts the new pointer in place, waits until every slot was seen
// without a reader, so that nobody is in the midst of copying the old one, and
// lets that go. It waits for nanoseconds, or for a reader that was put to sleep
// there.
//
// std::atomic<std::shared_ptr> would be the same in fewer words; in libstdc++
// 12 its load() unlocks without ordering, a race that ThreadSanitizer sees.
// Safe from any thread.
template <typename T>
class Snapshot {
 public:
  using Pointer = std::shared_ptr<const T>;

  explicit Snapshot(Pointer first = nullptr)
      : current_(new Pointer(std::move(first))) {}
  ~Snapshot() { delete current_.load(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  Pointer Load() const {
    std::atomic<size_t>& readers = slots_[ThreadNumber() % kSlotCount].readers;
    readers.fetch_add(1);
    Pointer copy = *current_.load();
    readers.fetch_sub(1);
    return copy;
  }

  void Store(Pointer next) {
    auto* fresh = new Pointer(std::move(next));
    std::lock_guard lock(writer_mutex_);
    const Pointer* old = current_.exchange(fresh);
    // Whoever begins from now on finds the fresh one.
    for (const Slot& slot : slots_) {
      while (slot.readers.load() != 0) std::this_thread::yield();
    }
    delete old;
  }

 private:
  static constexpr size_t kSlotCount = 16;
  struct alignas(64) Slot {  // a cache line each
    mutable std::atomic<size_t> readers = 0;
  };

  std::array<Slot, kSlotCount> slots_;
  std::atomic<const Pointer*> current_;
  std::mutex writer_mutex_;
};

}  // namespace cofferdam
