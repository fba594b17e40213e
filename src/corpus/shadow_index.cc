#include <cstring>
#include <string_view>

#include "base/file.h"
#include "corpus/shadow_index_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kAttributesBytesMax = size_t{1} << 20;

// Whether attributes may change bytes on their way.
bool Converts(const std::string& path) {
  auto text = ReadFile(path, kAttributesBytesMax);
  if (!text.ok()) return text.error().code() != Code::kNotFound;
  for (const char* word :
       {"text", "eol", "crlf", "filter", "ident", "encoding"}) {
    if (text->find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

bool ShadowIndex::Entry::Fits(const struct stat& info) const {
  const git_index_entry& entry = *raw;
  if (entry.file_size != static_cast<uint32_t>(info.st_size) ||
      entry.mtime.seconds != static_cast<int32_t>(info.st_mtim.tv_sec) ||
      entry.ctime.seconds != static_cast<int32_t>(info.st_ctim.tv_sec)) {
    return false;
  }
  if (entry.mtime.nanoseconds != 0 &&
      entry.mtime.nanoseconds != static_cast<uint32_t>(info.st_mtim.tv_nsec)) {
    return false;
  }
  if (entry.ino != 0 && entry.ino != static_cast<uint32_t>(info.st_ino)) {
    return false;
  }
  // Written in the second in which the index was, it may have changed since.
  return entry.mtime.seconds < index_seconds;
}

std::unique_ptr<ShadowIndex> ShadowIndex::Open(git_repository* repository) {
  const std::string path =
      std::string(git_repository_path(repository)) + "index";
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return nullptr;
  git_index* index = nullptr;
  if (git_index_open(&index, path.c_str()) != 0) return nullptr;
  std::unique_ptr<ShadowIndex> opened(new ShadowIndex);
  opened->index_.reset(index);
  opened->count_ = git_index_entrycount(index);
  opened->seconds_ = info.st_mtim.tv_sec;
  opened->FindConversions(repository);
  return opened;
}

void ShadowIndex::FindConversions(git_repository* repository) {
  git_config* raw = nullptr;
  if (git_repository_config_snapshot(&raw, repository) == 0) {
    ConfigHandle config(raw);
    const char* value = nullptr;
    if (git_config_get_string(&value, raw, "core.autocrlf") == 0 &&
        strcmp(value, "false") != 0) {
      keeps_bytes_ = false;
    }
    const char* file = nullptr;
    if (git_config_get_string(&file, raw, "core.attributesfile") == 0) {
      keeps_bytes_ = false;
    }
  }
  if (Converts(std::string(git_repository_commondir(repository)) +
               "info/attributes")) {
    keeps_bytes_ = false;
  }
  const std::string root = git_repository_workdir(repository);
  for (size_t i = 0; i < count_ && keeps_bytes_; ++i) {
    const std::string_view path = git_index_get_byindex(index_.get(), i)->path;
    if (!path.ends_with(".gitattributes")) continue;
    if (Converts(root + std::string(path))) keeps_bytes_ = false;
  }
}

const ShadowIndex::Entry* ShadowIndex::Find(const std::string& path) {
  while (at_ < count_ && strcmp(git_index_get_byindex(index_.get(), at_)->path,
                                path.c_str()) < 0) {
    ++at_;
  }
  if (at_ == count_) return nullptr;
  const git_index_entry* entry = git_index_get_byindex(index_.get(), at_);
  if (path != entry->path) return nullptr;
  entry_.mode = entry->mode;
  memcpy(entry_.id.data(), entry->id.id, entry_.id.size());
  entry_.raw = entry;
  entry_.index_seconds = git_index_entry_stage(entry) == 0 ? seconds_ : 0;
  return &entry_;
}

bool ShadowIndex::HasBelow(const std::string& folder) const {
  return git_index_find_prefix(nullptr, index_.get(), folder.c_str()) == 0;
}

}  // namespace cofferdam::corpus
