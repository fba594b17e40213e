#include "cli/history_state.h"

#include <filesystem>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kBytesMax = size_t{256} << 20;

}  // namespace

HistoryState HistoryState::Load(std::string path) {
  HistoryState state(std::move(path));
  const auto text = ReadFile(state.path_, kBytesMax);
  if (!text.ok()) return state;
  const auto json = JsonDocument::Parse(*text);
  if (!json.ok() || (*json)["v"].Int() != 1) return state;
  for (const auto& [file, value] : (*json)["files"].Members()) {
    auto mark = ledger::HistoryMarkFromJson(value);
    if (mark.ok()) state.marks_[std::string(file)] = *std::move(mark);
  }
  return state;
}

ledger::HistoryMark HistoryState::MarkOf(const std::string& file) const {
  const auto found = marks_.find(file);
  return found == marks_.end() ? ledger::HistoryMark() : found->second;
}

void HistoryState::Set(const std::string& file, ledger::HistoryMark mark) {
  ledger::HistoryMark& kept = marks_[file];
  if (kept == mark) return;
  kept = std::move(mark);
  changed_ = true;
}

void HistoryState::Forget(const std::string& file) {
  if (marks_.erase(file) > 0) changed_ = true;
}

Status HistoryState::Save() {
  if (!changed_) return {};
  if (marks_.size() > kFilesMax) {
    std::erase_if(marks_, [](const auto& entry) {
      std::error_code error;
      return !std::filesystem::exists(entry.first, error);
    });
  }
  JsonWriter json;
  json.BeginObject().Field("v", 1).Key("files").BeginObject();
  for (const auto& [file, mark] : marks_) {
    json.Key(file).Raw(ledger::ToJson(mark));
  }
  json.EndObject().EndObject();
  TRY(MakeFolder(std::filesystem::path(path_).parent_path(), 0700));
  TRY(WriteFileAtomically(path_, json.text() + "\n", 0600));
  changed_ = false;
  return {};
}

}  // namespace cofferdam::cli
