#include "agent/tools/seen_files.h"

#include <algorithm>

#include "base/hash.h"

namespace cofferdam::agent {

SeenFiles::File& SeenFiles::Touch(const std::string& path,
                                  std::string_view bytes) {
  if (!files_.contains(path) && files_.size() >= kFilesMax) {
    files_.erase(std::min_element(files_.begin(), files_.end(),
                                  [](const auto& a, const auto& b) {
                                    return a.second.time < b.second.time;
                                  }));
  }
  File& file = files_[path];
  uint64_t hash = Hash64(bytes);
  if (file.hash != hash) file = {.hash = hash};
  file.time = ++time_;
  return file;
}

void SeenFiles::NoteRead(const std::string& path, std::string_view bytes,
                         int64_t first, int64_t last, int64_t lines_count) {
  File& file = Touch(path, bytes);
  if (first <= file.until + 1) file.until = std::max(file.until, last);
  if (file.until >= lines_count) file.all = true;
}

void SeenFiles::NoteWritten(const std::string& path, std::string_view bytes) {
  Touch(path, bytes).all = true;
}

void SeenFiles::NoteChanged(const std::string& path, std::string_view before,
                            std::string_view after) {
  auto at = files_.find(path);
  if (at == files_.end() || at->second.hash != Hash64(before)) return;
  File was = at->second;
  File& now = Touch(path, after);
  now.all = was.all;
  now.until = was.until;
}

SeenFiles::Seen SeenFiles::Of(const std::string& path, std::string_view bytes,
                              int64_t* until) const {
  auto at = files_.find(path);
  if (at == files_.end()) return Seen::kNothing;
  if (at->second.hash != Hash64(bytes)) return Seen::kOther;
  *until = at->second.until;
  return at->second.all ? Seen::kAll : Seen::kPart;
}

}  // namespace cofferdam::agent
