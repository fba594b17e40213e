#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "corpus/repository.h"
#include "corpus/text_file.h"

namespace cofferdam::corpus {

struct TreeLimits {
  TextLimits text;
  // Folders below a given path: its own files stand at depth 0.
  size_t depth_max = 256;
  // Names in one folder; all are held in memory to be sorted.
  size_t folder_entries_max = size_t{1} << 20;
};

// A regular file found by a walk; its bytes are read with ReadDocument.
struct Document {
  // As the user would name it: the given path, then the names below it.
  std::string path;
  // The git repository it lies in, shared by all its documents; else null.
  std::shared_ptr<const Repository> repository;
  // Relative to repository->root; empty without a repository.
  std::string path_in_repository;
  // Whether the user named this very file, perhaps by a symbolic link.
  bool named = false;
};

// A given path as everything below it is named: without "./" before and slashes
// behind; empty for ".".
std::string ShownPath(std::string_view given);

// Walks files and folders in byte order of their paths, folders one at a time:
// memory is bounded by the listings of the folders on the way down. Inside a
// git work tree what git ignores is left out, unless it is tracked or is itself
// a given path (a given folder that is ignored is read as a plain folder);
// `.git` is never entered; nested repositories follow their own rules. Where
// git's rules cannot be read the folder is read plainly and notices() says so.
// Symbolic links are followed only if they are given paths. A given path below
// another one is walked once, under its own name. Not safe for use from two
// threads at a time.
class TreeWalk {
 public:
  // kNotFound naming the first of `paths` that does not exist; kInvalid for an
  // empty list, an empty path and git's own folder.
  static Result<TreeWalk> Open(const std::vector<std::string>& paths,
                               const TreeLimits& limits);
  TreeWalk(TreeWalk&&) noexcept;
  TreeWalk& operator=(TreeWalk&&) noexcept;
  ~TreeWalk();

  // The next document or thing passed over; none at the end.
  std::optional<std::variant<Document, PassedOver>> Next();

  // What went wrong so far without ending the walk, one sentence each.
  const std::vector<std::string>& notices() const;

 private:
  struct State;
  explicit TreeWalk(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The text of `document`, or why it is passed over; see ReadTextFile.
std::optional<PassedOver> ReadDocument(const Document& document,
                                       const TextLimits& limits,
                                       std::string* bytes);

// The same of one of several that follow each other as a walk gave them;
// `files` is kept from one to the next, for no longer than they take to read.
std::optional<PassedOver> ReadDocument(const Document& document,
                                       const TextLimits& limits,
                                       ListedFiles* files, std::string* bytes);

}  // namespace cofferdam::corpus
