#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::corpus {

struct ShadowLimits {
  // Of a workspace, without what git ignores; beyond any of these only files
  // that are named are kept.
  size_t files_max = 200'000;
  // That the repository of the workspace does not hold as they are, so that
  // they must be copied, and their bytes.
  size_t copied_files_max = 10'000;
  uint64_t copied_bytes_max = uint64_t{256} << 20;
  // That must be read to know what is in them.
  uint64_t read_bytes_max = uint64_t{1} << 30;
  // A longer file is not kept; that it changed is still noticed.
  uint64_t file_bytes_max = uint64_t{4} << 20;
  size_t depth_max = 128;
  // Of the store on disk. Where it is reached, files are not kept.
  uint64_t store_bytes_max = uint64_t{512} << 20;
};

// A file as it was: 0100644, 0100755 or 0120000 (a link, whose bytes are where
// it leads), and its blob in hexadecimal; empty: its bytes are not kept.
struct ShadowSide {
  uint32_t mode = 0;
  std::string blob;

  bool operator==(const ShadowSide&) const = default;
};

// A path below the workspace, and what is there; none: nothing.
struct ShadowFile {
  std::string path;
  std::optional<ShadowSide> side;

  bool operator==(const ShadowFile&) const = default;
};

struct ShadowChange {
  std::string path;
  std::optional<ShadowSide> before;
  std::optional<ShadowSide> after;

  bool operator==(const ShadowChange&) const = default;
};

// States of a folder, kept as commits of a bare git repository elsewhere
// (docs/formats/code-files.md). Leaves out `.git` and what git ignores there;
// nothing in the folder, its repository or that one's index is touched. What
// the repository holds already is not copied but read from it. Not for two
// threads at once; several processes may have one store open.
class ShadowStore {
 public:
  // Makes the store where there is none. `workspace` is an absolute folder.
  static Result<std::unique_ptr<ShadowStore>> Open(
      const std::string& folder, const std::string& workspace,
      const ShadowLimits& limits = {});
  ~ShadowStore();

  // Looks at the folder: what differs from the last look, by path. The first
  // look answers nothing, and costs a stat for each file of a clean repository
  // and a copy of each other one.
  Result<std::vector<ShadowChange>> Look();
  // Looks at these files alone, relative paths; folders are passed over.
  Result<std::vector<ShadowChange>> LookAt(std::span<const std::string> paths);
  // The folder is beyond the limits: only what LookAt was given is known, and
  // why() says which limit it is.
  bool partial() const;
  const std::string& why() const;
  // Files whose bytes are not kept, for their length or the store's.
  uint64_t not_kept() const;

  // Keeps what the last look saw. The commit's id; the same while nothing
  // changed.
  Result<std::string> Keep(int64_t now_micros);
  // What a commit kept, by path. In a partial one also files that were not
  // there. kNotFound for a commit that is gone.
  Result<std::vector<ShadowFile>> Files(const std::string& commit,
                                        bool* partial);
  // How two commits differ, by path. Where one is partial, files that it does
  // not name are passed over.
  Result<std::vector<ShadowChange>> Compare(const std::string& before,
                                            const std::string& after);
  // What the last look saw of a file.
  std::optional<ShadowSide> Seen(const std::string& path) const;
  // kNotFound for bytes that are not there any more.
  Result<std::string> Read(const std::string& blob);

  // Deletes what none of these commits needs; does nothing while another
  // process has the store open.
  Status Prune(const std::vector<std::string>& commits);
  // No other process has the store open; true only before the first look.
  bool alone() const;
  // On disk.
  uint64_t bytes() const;

  struct State;  // of shadow_store.cc

 private:
  explicit ShadowStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::corpus
