#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/message.h"

namespace cofferdam::agent {

struct InstructionLimits {
  // Of one file; what is longer is cut at the end of a line, and says so.
  size_t file_bytes_max = size_t{32} << 10;
  // Of those that a conversation begins with, the user's own first, then from
  // the workspace up: the nearest matter most.
  size_t begin_bytes_max = size_t{96} << 10;
  // Files given later on, in one conversation.
  size_t nested_files_max = 64;
  // What a file brings with it by imports, and imports of imports: files, and
  // steps from one to the next.
  size_t imported_files_max = 64;
  size_t import_depth_max = 5;
};

struct InstructionPlaces {
  // "$XDG_CONFIG_HOME/cofferdam": the user's own AGENTS.md.
  std::string config_folder;
  std::string workspace;  // an absolute folder
  // "$HOME/.claude": Markdown that people import from there, and where "@~/"
  // may lead; empty: nothing.
  std::string claude_folder;
};

// What people have written down for agents: AGENTS.md, or CLAUDE.md where there
// is no AGENTS.md beside it. The user's own, those from the root of the
// repository down to the workspace, and, when the agent comes to work there,
// those further down. Nothing is given twice, also under two names. In a
// repository a link counts only if it stays inside. What a CLAUDE.md imports
// (imports.h) follows it, if it lies in the repository, or is Markdown of the
// user's own folder, which is told of; anything else outside is not read, and
// told of, too.
class Instructions {
 public:
  // Reads a file or two for each folder from the root to the workspace.
  static Instructions Load(const InstructionPlaces& places,
                           const InstructionLimits& limits = {});

  // What a conversation begins with; empty: there is nothing. Stays the same.
  const std::string& text() const { return text_; }
  // Where it came from, in the order of the text.
  const std::vector<std::string>& paths() const { return paths_; }

  // What stands on the way from the workspace down to these paths (absolute,
  // files or folders) and was not given yet; given now. Cost: two stats for a
  // folder that was not looked at before.
  std::string TakeFor(std::span<const std::string> paths);
  // What the history holds counts as given, and nothing else: to be called
  // with one that was loaded, rewound or compacted.
  void Remember(std::span<const Message> history);

  // What was cut or left out, one line each: once.
  std::vector<std::string> TakeNotices();

 private:
  struct Found {
    std::string path;
    std::string shown;  // the same for people and models
    std::string text;
    std::pair<uint64_t, uint64_t> file;  // device, inode
  };

  Instructions() = default;
  bool FindIn(const std::string& folder, const std::string& shown_folder,
              Found* found);
  bool Read(Found* found);
  // The file and what it imports, in their order; none where there is no file.
  std::vector<Found> AllIn(const std::string& folder,
                           const std::string& shown_folder);
  void AddImports(const Found& from, const std::string& root, size_t depth,
                  std::vector<Found>* all);
  bool MayImport(const Found& from, const std::string& name,
                 const std::string& root, const std::string& real);
  std::string Take(const Found& found);
  std::string Wrap(const Found& found) const;

  InstructionLimits limits_;
  std::string root_;  // of the repository, else the workspace; canonical
  std::string workspace_;
  std::string claude_folder_;  // canonical; empty: none
  std::string text_;
  std::vector<std::string> paths_;
  std::set<std::pair<uint64_t, uint64_t>> begun_with_;
  std::set<std::string> looked_at_;  // folders below the workspace
  std::set<std::string> given_;      // by shown path
  size_t nested_ = 0;
  std::vector<std::string> notices_;
};

}  // namespace cofferdam::agent
