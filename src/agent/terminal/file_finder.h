#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"

namespace cofferdam::agent {

// Files that are listed; what comes after is not found by name.
inline constexpr size_t kFoundFilesMax = 500'000;
// A list that is older is made anew when it is next asked for.
inline constexpr int64_t kFoundFilesFreshMicros = 10'000'000;
// Files after which the first part of a list is shown; the next parts come each
// time that it is twice as long.
inline constexpr size_t kFoundFilesFirstPart = 1'000;

// Paths below a folder, as one text: 100,000 of them take a few megabytes.
class PathList {
 public:
  void Add(std::string_view path);
  size_t size() const { return begins_.size(); }
  std::string_view operator[](size_t index) const;

  // Those that fit the query best, best first: its letters in order, whatever
  // their case; better where they stand together, at the begin of a name, in
  // the last name, in a short path.
  std::vector<std::string> Best(std::string_view query, size_t count) const;

 private:
  std::string text_;  // each path ends in a NUL
  std::vector<uint32_t> begins_;
};

// What git would list below a folder (tracked, and untracked that it does not
// ignore), or everything where there is no git. Listed by a thread when first
// asked for, never before; who types finds what is listed so far.
class FileFinder {
 public:
  FileFinder(std::string folder, const Clock& clock,
             size_t first_part = kFoundFilesFirstPart);
  ~FileFinder();

  // Begins to list unless it does already or the list is fresh.
  void Begin();
  // Readable when a list or a further part of it has come, as an eventfd that
  // counts them; TakeWake empties it.
  int wake_fd() const { return wake_.get(); }
  void TakeWake();
  // The list so far; null before its first part. One that was whole stays until
  // a newer one is.
  std::shared_ptr<const PathList> list() const;

 private:
  enum class Extent { kPart, kWhole };

  void List();
  void Show(std::shared_ptr<const PathList> list, Extent extent);

  const std::string folder_;
  const Clock& clock_;
  const size_t first_part_;
  FileDescriptor wake_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> listing_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const PathList> list_;
  bool is_whole_ = false;
  int64_t listed_micros_ = 0;
  std::thread thread_;
};

}  // namespace cofferdam::agent
