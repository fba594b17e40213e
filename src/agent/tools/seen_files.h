#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// What a model has seen of files, and of which bytes: a file may be overwritten
// whole only by who has seen all of it as it is. Bounded: the file that was
// seen longest ago is forgotten first. One thread at a time.
class SeenFiles {
 public:
  static constexpr size_t kFilesMax = 2000;

  // Lines [first, last] of `lines_count`, from 1, of a file with these bytes.
  void NoteRead(const std::string& path, std::string_view bytes, int64_t first,
                int64_t last, int64_t lines_count);
  // The model has said itself what the file holds now.
  void NoteWritten(const std::string& path, std::string_view bytes);
  // It changed a part of what it may or may not have seen.
  void NoteChanged(const std::string& path, std::string_view before,
                   std::string_view after);
  void Forget(const std::string& path) { files_.erase(path); }

  enum class Seen { kAll, kPart, kOther, kNothing };
  // kOther: it has seen other bytes than these. For kPart, `until` is how many
  // lines from the first on.
  Seen Of(const std::string& path, std::string_view bytes,
          int64_t* until) const;

 private:
  struct File {
    uint64_t hash = 0;
    int64_t until = 0;
    bool all = false;
    uint64_t time = 0;
  };
  File& Touch(const std::string& path, std::string_view bytes);

  std::map<std::string, File> files_;
  uint64_t time_ = 0;
};

}  // namespace cofferdam::agent
