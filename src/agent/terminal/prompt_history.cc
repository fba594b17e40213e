#include "agent/terminal/prompt_history.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

// What may have been added by others since the file was last cut.
constexpr size_t kReadBytesMax = 16 * kPromptFileBytesMax;

bool SameLetter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) ==
         std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string WritePromptLine(const std::string& prompt) {
  JsonWriter writer;
  writer.BeginArray().String(prompt).EndArray();
  return std::move(writer).Take() + "\n";
}

std::optional<std::string> ReadPromptLine(std::string_view line) {
  const auto document = JsonDocument::Parse(line);
  if (!document.ok() || !document->root().is_array()) return std::nullopt;
  const auto prompt = document->root().At(0).String();
  if (!prompt) return std::nullopt;
  return std::string(*prompt);
}

void PromptHistory::Load() {
  loaded_ = true;
  if (path_.empty()) return;
  const Result<std::string> file = ReadFile(path_, kReadBytesMax);
  if (!file.ok()) return;
  std::string_view rest = *file;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (auto prompt = ReadPromptLine(rest.substr(0, end))) {
      entries_.push_back(*std::move(prompt));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (entries_.size() > kPromptsMax) {
    entries_.erase(entries_.begin(),
                   entries_.end() - static_cast<ptrdiff_t>(kPromptsMax));
  }
  if (file->size() <= kPromptFileBytesMax) return;
  std::string kept;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const std::string line = WritePromptLine(*entry);
    if (kept.size() + line.size() > kPromptFileBytesMax / 2) break;
    kept.insert(0, line);
  }
  // What cannot be cut stays long.
  (void)WriteFileAtomically(path_, kept, 0600);
}

const std::vector<std::string>& PromptHistory::entries() {
  if (!loaded_) Load();
  return entries_;
}

void PromptHistory::Add(const std::string& prompt) {
  place_.reset();
  if (prompt.empty() || prompt.size() > kKeptPromptBytesMax) return;
  if (!entries().empty() && entries_.back() == prompt) return;
  entries_.push_back(prompt);
  if (entries_.size() > kPromptsMax) entries_.erase(entries_.begin());
  if (path_.empty()) return;
  const Status made = MakeFolder(path_.substr(0, path_.rfind('/')), 0700);
  if (!made.ok()) return;
  const FileDescriptor file(
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return;
  // One write: lines of two processes do not mix.
  const std::string line = WritePromptLine(prompt);
  [[maybe_unused]] const ssize_t put =
      ::write(file.get(), line.data(), line.size());
}

std::optional<std::string> PromptHistory::Older(const std::string& draft) {
  if (!place_) {
    draft_ = draft;
    place_ = entries().size();
  }
  if (*place_ == 0) return std::nullopt;
  return entries_[--*place_];
}

std::optional<std::string> PromptHistory::Newer() {
  if (!place_ || *place_ >= entries_.size()) return std::nullopt;
  if (++*place_ < entries_.size()) return entries_[*place_];
  place_.reset();
  return draft_;
}

std::optional<size_t> PromptHistory::Find(std::string_view words,
                                          size_t before) {
  for (size_t i = std::min(before, entries().size()); i-- > 0;) {
    const std::string& entry = entries_[i];
    if (std::search(entry.begin(), entry.end(), words.begin(), words.end(),
                    SameLetter) != entry.end()) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace cofferdam::agent
