#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/session/state_journal.h"
#include "agent/tool.h"
#include "base/clock.h"
#include "base/result.h"
#include "corpus/shadow_store.h"

namespace cofferdam::agent {

// Of the states that the store of a workspace keeps; older ones go.
inline constexpr size_t kFileStatesMax = 500;
// Of one answer of Changed: files with their texts, and the texts together.
inline constexpr size_t kChangedFilesMax = 200;
inline constexpr size_t kChangedBytesMax = size_t{8} << 20;

struct FileHistoryPlace {
  // "$XDG_STATE_HOME/cofferdam/code/files/WORKSPACE", 0700; docs/formats/
  // code-files.md.
  std::string folder;
  std::string workspace;  // an absolute folder
  std::string session;
};

// What a command changed, as far as it can be told.
struct WorkspaceChanges {
  std::vector<FileChange> changes;  // texts, whole
  // Absolute paths of files that changed, too, but whose bytes are no text, or
  // beyond the limits.
  std::vector<std::string> others;
};

// What going back came to; paths below the workspace.
struct FilesRestored {
  std::vector<std::string> written;
  std::vector<std::string> deleted;
  // The agent changed them, but their bytes were not kept.
  std::vector<std::string> not_kept;
  // The run that changed them was killed: what people did since cannot be told
  // from what it did.
  bool uncertain = false;
};

// How the files of a workspace stood before the agent changed them, so that a
// turn can be taken back; in a git store of its own, outside the workspace.
// What git ignores is left out. One thread at a time; the first look runs on a
// thread of its own, which everything that needs it waits for.
class FileHistory {
 public:
  // Touches nothing. `clock` outlives it.
  FileHistory(FileHistoryPlace place, const Clock& clock,
              const corpus::ShadowLimits& limits = {});
  // Ends the turn that runs.
  ~FileHistory();
  FileHistory(const FileHistory&) = delete;
  FileHistory& operator=(const FileHistory&) = delete;

  // Begins the first look; returns at once. To be called when there is time,
  // as while the model thinks; else the first of the others begins it.
  void Prepare();

  // Before the first change of a turn: the state to go back to. The same id
  // until EndTurn.
  Result<std::string> Snapshot();
  // Before a tool writes these files (absolute); needed where the workspace is
  // too large to be looked at whole, else free. After Snapshot.
  Status BeforeWrite(std::span<const std::string> paths);
  // A tool has written these files: their change is no command's.
  void Wrote(std::span<const std::string> paths);
  // What changed since the last call of any of these.
  Result<WorkspaceChanges> Changed();
  // Puts these files back as they were before, whoever has changed them since.
  Status PutBack(std::span<const FileChange> changes);
  // The turn has ended: what people change from now on is theirs. Nothing
  // where the turn had no Snapshot.
  Status EndTurn();

  // Takes back what this session's agent changed in the turns since that
  // snapshot; other files are left alone. kConflict, and nothing is changed,
  // where a person has changed such a file since, unless forced; kNotFound
  // when the snapshot or bytes of it are gone. What stood in their place is
  // lost only for files that the agent changed.
  enum class Clobber { kRefuse, kForce };
  Result<FilesRestored> Restore(const std::string& snapshot, Clobber clobber);

  // What people should know, one line each: once.
  std::vector<std::string> TakeNotices();

 private:
  struct Undo;

  Status Ready();
  Status OpenStore();
  Status DropOldStates();
  std::optional<std::string> Below(const std::string& path) const;
  std::optional<std::string> TextOf(
      const std::optional<corpus::ShadowSide>& side, bool* is_text);
  Status Gather(const std::string& snapshot, Undo* undo);
  Status CheckClobber(const Undo& undo) const;
  Status ApplyUndo(const Undo& undo, FilesRestored* restored);

  const FileHistoryPlace place_;
  const Clock& clock_;
  const corpus::ShadowLimits limits_;
  std::string workspace_;  // canonical
  StateJournal journal_;
  std::unique_ptr<corpus::ShadowStore> store_;
  std::thread first_look_;
  bool prepared_ = false;
  Status opened_;
  // Of the turn that runs; empty: it has changed nothing.
  std::string before_;
  std::vector<std::string> kept_this_turn_;  // where the store is partial
  bool told_partial_ = false;
  uint64_t told_not_kept_ = 0;
  std::vector<std::string> notices_;
};

}  // namespace cofferdam::agent
