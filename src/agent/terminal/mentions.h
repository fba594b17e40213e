#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// Of the content that goes along with a message.
inline constexpr size_t kMentionedFilesMax = 8;
inline constexpr size_t kMentionedBytesMax = size_t{16} << 10;  // of one file
inline constexpr size_t kMentionedFileBytesMax = size_t{16} << 20;

// A message with what its mentions stand for.
struct MentionedMessage {
  // The words as they are, then each file's content, numbered by lines, cut
  // after kMentionedBytesMax with word of how to read the rest.
  std::string text;
  // "src/a.cc: 40 lines", "b.bin: binary, its path alone"; for the user.
  std::vector<std::string> notes;
};

// Where `@path` stands in a text: bytes of the path, without the @. A mention
// begins the text or follows white space; a path with blanks is in quotes:
// @"my file.txt".
struct Mention {
  size_t begin = 0;
  size_t end = 0;  // after the path, before a closing quote
  std::string path;
};
std::vector<Mention> FindMentions(std::string_view text);

// What is mentioned but is no file below `workspace` stays a word.
MentionedMessage ExpandMentions(const std::string& text,
                                const std::string& workspace);

}  // namespace cofferdam::agent
