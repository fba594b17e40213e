#pragma once

#include <git2.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {

using OdbHandle = std::unique_ptr<git_odb, GitFree<git_odb_free>>;
using RawId = std::array<uint8_t, GIT_OID_RAWSZ>;

std::string HexOf(const RawId& id);
Result<RawId> IdOfHex(const std::string& hex);

// A row of a git tree.
struct TreeRow {
  uint32_t mode = 0;
  std::string name;
  RawId id{};
};

// The objects of a shadow store: read from it and from the repository that it
// stands beside, written to it alone.
class ShadowObjects {
 public:
  // Makes the bare repository at `folder` where there is none. `beside` may be
  // null; it outlives this.
  static Result<std::unique_ptr<ShadowObjects>> Open(const std::string& folder,
                                                     git_repository* beside,
                                                     uint64_t bytes_max);

  // kExhausted where the store would grow beyond its limit.
  Result<RawId> Write(git_object_t type, std::string_view bytes);
  static RawId IdOf(git_object_t type, std::string_view bytes);
  bool Has(const RawId& id);
  // Of an object's length without its bytes; none: it is not there.
  bool HasLength(const RawId& id, uint64_t length);
  Result<std::string> Read(const RawId& id, git_object_t type);
  // Rows of the tree.
  Result<std::vector<TreeRow>> ReadTree(const RawId& id);

  // Deletes the store's own objects that are not among `keep`.
  Status Delete(const std::unordered_set<std::string>& keep);
  // Whether the object lies in the store itself.
  bool Owns(const RawId& id);

  git_repository* repository() const { return repository_.get(); }
  uint64_t bytes() const { return bytes_; }

 private:
  ShadowObjects() = default;
  void CountBytes();

  std::string folder_;
  RepositoryHandle repository_;
  OdbHandle own_;
  OdbHandle beside_;
  uint64_t bytes_max_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace cofferdam::corpus
