#include "cli/history_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;
using ledger::HistoryAgent;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Places : public ::testing::Test {
 protected:
  Places() {
    std::string name = fs::temp_directory_path() / "places-XXXXXX";
    folder_ = mkdtemp(name.data());
    variables_["HOME"] = folder_;
  }
  ~Places() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text = "{}\n") {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }

  HistoryPlaces Find(HistoryAgent agent,
                     const std::vector<std::string>& names = {}) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(folder_ + "/" + name);
    auto found = FindHistories(
        agent, paths,
        [this](const char* name) {
          const auto at = variables_.find(name);
          return at == variables_.end() ? "" : at->second;
        },
        folder_ + "/here");
    CHECK_OK(found);
    return *std::move(found);
  }

  std::vector<std::string> Names(const HistoryPlaces& places) const {
    std::vector<std::string> names;
    for (const auto& source : places.sources) {
      names.push_back(source.path.substr(folder_.size() + 1));
    }
    return names;
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Places, ClaudeCodesAreBelowProjectsWithThoseOfSubagents) {
  Write(".claude/history.jsonl");
  Write(".claude/projects/-w/s.jsonl");
  Write(".claude/projects/-w/s/subagents/agent-1.jsonl");
  Write(".claude/projects/-w/notes.txt");
  EXPECT_THAT(Names(Find(HistoryAgent::kClaudeCode)),
              ElementsAre(".claude/projects/-w/s.jsonl",
                          ".claude/projects/-w/s/subagents/agent-1.jsonl"));
}

TEST_F(Places, AVariableMovesAnAgentsPlace) {
  Write("moved/projects/-w/s.jsonl");
  variables_["CLAUDE_CONFIG_DIR"] = folder_ + "/moved";
  EXPECT_THAT(Names(Find(HistoryAgent::kClaudeCode)),
              ElementsAre("moved/projects/-w/s.jsonl"));
}

TEST_F(Places, CodexsAreRolloutsArchivedOnesToo) {
  Write(".codex/sessions/2026/01/02/rollout-a.jsonl");
  Write(".codex/sessions/2026/01/02/other.jsonl");
  Write(".codex/archived_sessions/rollout-b.jsonl");
  EXPECT_THAT(Names(Find(HistoryAgent::kCodex)),
              ElementsAre(".codex/archived_sessions/rollout-b.jsonl",
                          ".codex/sessions/2026/01/02/rollout-a.jsonl"));
}

TEST_F(Places, GeminisSayTheirFolderByTheListOfProjects) {
  Write(".gemini/projects.json", R"({"projects":{"/w/tide":"tide"}})");
  Write(".gemini/tmp/tide/chats/session-1.jsonl");
  Write(".gemini/tmp/tide/logs.json");
  Write(".gemini/tmp/other/chats/session-2.json");
  const HistoryPlaces places = Find(HistoryAgent::kGemini);
  EXPECT_THAT(Names(places),
              ElementsAre(".gemini/tmp/other/chats/session-2.json",
                          ".gemini/tmp/tide/chats/session-1.jsonl"));
  EXPECT_EQ(places.sources[0].cwd, "");
  EXPECT_EQ(places.sources[1].cwd, "/w/tide");
}

TEST_F(Places, OpencodesIsItsDatabase) {
  Write(".local/share/opencode/opencode.db");
  Write(".local/share/opencode/opencode.db-wal");
  EXPECT_THAT(Names(Find(HistoryAgent::kOpencode)),
              ElementsAre(".local/share/opencode/opencode.db"));
}

TEST_F(Places, AidersIsInTheWorkTreeAndSaysItsFolder) {
  Write("here/.aider.chat.history.md");
  Write("here/node_modules/x/.aider.chat.history.md");
  const HistoryPlaces places = Find(HistoryAgent::kAider);
  EXPECT_THAT(Names(places), ElementsAre("here/.aider.chat.history.md"));
  EXPECT_EQ(places.sources[0].cwd, folder_ + "/here");
}

TEST_F(Places, APathMayBeAFileOrAFolderOrTheAgentsOwn) {
  Write("copy/projects/-w/a.jsonl");
  Write("flat/b.jsonl");
  Write("c.anything");
  EXPECT_THAT(
      Names(Find(HistoryAgent::kClaudeCode, {"copy", "flat", "c.anything"})),
      ElementsAre("c.anything", "copy/projects/-w/a.jsonl", "flat/b.jsonl"));
  EXPECT_THAT(
      Names(Find(HistoryAgent::kClaudeCode, {"flat", "flat/b.jsonl", "flat"})),
      ElementsAre("flat/b.jsonl"));
}

TEST_F(Places, APathThatIsNotThereIsAnErrorAndAUsualPlaceIsNone) {
  const HistoryPlaces none = Find(HistoryAgent::kCodex);
  EXPECT_THAT(none.sources, IsEmpty());
  EXPECT_EQ(none.looked_in.front(), folder_ + "/.codex");
  const auto missing = FindHistories(
      HistoryAgent::kCodex, {folder_ + "/nowhere"},
      [](const char*) { return std::string(); }, folder_);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace cofferdam::cli
