#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::agent {

// Prompts that are kept, and the longest of them; a longer one is not kept.
inline constexpr size_t kPromptsMax = 1000;
inline constexpr size_t kKeptPromptBytesMax = size_t{16} << 10;
// The file is written anew when it is longer.
inline constexpr size_t kPromptFileBytesMax = size_t{1} << 20;

// What a person typed before, in this session and others, oldest first
// (docs/formats/code-prompts.md). Read when first asked for. Several processes
// may add to one file at once. A file that cannot be read or written is as
// good as none.
class PromptHistory {
 public:
  // An empty path: nothing is kept beyond this process.
  explicit PromptHistory(std::string path) : path_(std::move(path)) {}

  // At the end, unless it is the same as the last.
  void Add(const std::string& prompt);
  const std::vector<std::string>& entries();

  // Going through the entries, from beyond the newest: none at either end.
  // `draft` is what stands in the editor at first and comes back at last.
  std::optional<std::string> Older(const std::string& draft);
  std::optional<std::string> Newer();
  void StopWalking() { place_.reset(); }

  // The newest entry before `before` that holds `words`, whatever the case of
  // ASCII letters.
  std::optional<size_t> Find(std::string_view words, size_t before);

 private:
  void Load();

  std::string path_;
  bool loaded_ = false;
  std::vector<std::string> entries_;
  std::optional<size_t> place_;
  std::string draft_;
};

// A line of the file; none when it is no such line.
std::string WritePromptLine(const std::string& prompt);
std::optional<std::string> ReadPromptLine(std::string_view line);

}  // namespace cofferdam::agent
