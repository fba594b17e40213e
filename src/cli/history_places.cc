#include "cli/history_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "corpus/repository.h"

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;
using ledger::HistoryAgent;
using Variable = std::function<std::string(const char* name)>;

constexpr size_t kProjectsBytesMax = size_t{16} << 20;
constexpr std::string_view kAiderFile = ".aider.chat.history.md";

// "$NAME" or, below the home folder, `otherwise`; empty where neither is known.
fs::path Base(const Variable& variable, const char* name,
              std::string_view otherwise) {
  const std::string set = variable(name);
  if (!set.empty()) return set;
  const std::string home = variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / otherwise;
}

// The folder in which an agent keeps its sessions, below the one that is the
// agent's: PATH may be either.
std::string_view SessionsFolder(HistoryAgent agent) {
  switch (agent) {
    case HistoryAgent::kClaudeCode:
      return "projects";
    case HistoryAgent::kCodex:
      return "sessions";
    case HistoryAgent::kGemini:
      return "tmp";
    case HistoryAgent::kOpencode:
    case HistoryAgent::kAider:
      return "";
    case HistoryAgent::kCofferdamCode:
      return "records";
  }
  return "";
}

std::vector<fs::path> UsualPlaces(HistoryAgent agent, const Variable& variable,
                                  const std::string& folder) {
  switch (agent) {
    case HistoryAgent::kClaudeCode:
      return {Base(variable, "CLAUDE_CONFIG_DIR", ".claude")};
    case HistoryAgent::kCodex: {
      const fs::path base = Base(variable, "CODEX_HOME", ".codex");
      return {base, base / "archived_sessions"};
    }
    case HistoryAgent::kGemini:
      return {Base(variable, "GEMINI_CLI_HOME", "") / ".gemini"};
    case HistoryAgent::kOpencode:
      return {Base(variable, "XDG_DATA_HOME", ".local/share") / "opencode"};
    case HistoryAgent::kCofferdamCode:
      return {Base(variable, "XDG_STATE_HOME", ".local/state") /
              "cofferdam/code"};
    case HistoryAgent::kAider: {
      const std::string named = variable("AIDER_CHAT_HISTORY_FILE");
      if (!named.empty()) return {named};
      const auto repository =
          corpus::RepositoryAt(folder, corpus::Compare::kSkip);
      return {repository ? repository->root : folder};
    }
  }
  return {};
}

bool IsHistory(HistoryAgent agent, const fs::path& path) {
  const std::string name = path.filename();
  const bool lines = name.ends_with(".jsonl");
  switch (agent) {
    case HistoryAgent::kClaudeCode:
    case HistoryAgent::kCofferdamCode:
      return lines;
    case HistoryAgent::kCodex:
      return lines && name.starts_with("rollout-");
    case HistoryAgent::kGemini:
      return name.starts_with("session-") &&
             (lines || name.ends_with(".json")) &&
             path.parent_path().filename() == "chats";
    case HistoryAgent::kOpencode:
      return name.starts_with("opencode") && name.ends_with(".db");
    case HistoryAgent::kAider:
      return name == kAiderFile;
  }
  return false;
}

// Folders that hold no history but may hold very much.
bool IsPassedOver(const fs::path& folder) {
  const std::string name = folder.filename();
  return name == ".git" || name == "node_modules" || name == "snapshot";
}

class Walk {
 public:
  Walk(HistoryAgent agent, HistoryPlaces* places)
      : agent_(agent), places_(places) {}

  void File(const fs::path& path) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error);
    if (!error && seen_.insert(whole).second) {
      places_->sources.push_back(
          {agent_, whole.lexically_normal(), Cwd(whole)});
    }
  }

  void Folder(const fs::path& folder) {
    const fs::path sessions = folder / SessionsFolder(agent_);
    std::error_code error;
    const bool is_agents = fs::is_directory(sessions, error);
    places_->looked_in.push_back(is_agents ? sessions : folder);
    Look(is_agents ? sessions : folder);
  }

 private:
  void Look(const fs::path& folder) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, error);
    for (; !error && at != fs::recursive_directory_iterator();
         at.increment(error)) {
      std::error_code unknown;
      if (at->is_directory(unknown)) {
        if (IsPassedOver(at->path()) || at.depth() >= kHistoryDepthMax) {
          at.disable_recursion_pending();
        }
      } else if (at->is_regular_file(unknown) && IsHistory(agent_, *at)) {
        if (places_->sources.size() == kHistoryFilesMax) {
          places_->troubles.push_back(
              fmt::format("{}: more than {} files; name the folders one by one",
                          folder.string(), kHistoryFilesMax));
          return;
        }
        File(at->path());
      }
    }
    if (error) {
      places_->troubles.push_back(folder.string() + ": " + error.message());
    }
  }

  // What the file does not say and its place does.
  std::string Cwd(const fs::path& path) {
    if (agent_ == HistoryAgent::kAider) return path.parent_path();
    if (agent_ != HistoryAgent::kGemini) return "";
    // GEMINI/tmp/SLUG/chats/session-….jsonl
    const fs::path project = path.parent_path().parent_path();
    const fs::path file = project.parent_path().parent_path() / "projects.json";
    const auto [known, fresh] = projects_.try_emplace(file);
    if (fresh) ReadProjects(file, &known->second);
    const auto found = known->second.find(project.filename());
    return found == known->second.end() ? "" : found->second;
  }

  using Projects = std::map<std::string, std::string>;
  static void ReadProjects(const fs::path& file, Projects* projects) {
    const auto text = ReadFile(file, kProjectsBytesMax);
    if (!text.ok()) return;
    const auto json = JsonDocument::Parse(*text);
    if (!json.ok()) return;
    for (const auto& [folder, slug] : (*json)["projects"].Members()) {
      (*projects)[std::string(slug.StringOrEmpty())] = folder;
    }
  }

  const HistoryAgent agent_;
  HistoryPlaces* const places_;
  std::set<fs::path> seen_;
  std::map<fs::path, Projects> projects_;
};

}  // namespace

Result<HistoryPlaces> FindHistories(HistoryAgent agent,
                                    const std::vector<std::string>& paths,
                                    const Variable& variable,
                                    const std::string& folder) {
  HistoryPlaces places;
  Walk walk(agent, &places);
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      walk.Folder(path);
    } else if (fs::is_regular_file(status)) {
      walk.File(path);
    } else {
      return Error(Code::kNotFound, path + ": there is no such file or folder");
    }
  }
  if (paths.empty()) {
    for (const fs::path& place : UsualPlaces(agent, variable, folder)) {
      if (place.empty()) continue;
      std::error_code error;
      if (fs::is_regular_file(place, error)) {
        walk.File(place);
      } else if (fs::is_directory(place, error)) {
        walk.Folder(place);
      } else {
        places.looked_in.push_back(place);
      }
    }
  }
  std::sort(places.sources.begin(), places.sources.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return places;
}

}  // namespace cofferdam::cli
