#include "evidence/label_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "evidence/prompt_labels.h"
#include "fingerprint/evidence_stream.h"

namespace cofferdam::evidence {
namespace {

namespace fs = std::filesystem;
using fingerprint::IndexWriter;
using fingerprint::SegmentWriter;

constexpr std::string_view kFile = "label.json";
constexpr std::string_view kLock = "LOCK";
constexpr size_t kFileBytesMax = size_t{4} << 20;
constexpr int64_t kVersion = 1;

std::string Text(const LabelInfo& info) {
  JsonWriter json;
  json.BeginObject()
      .Field("version", kVersion)
      .Field("label", info.label)
      .Field("edition", info.edition)
      .Field("folder", fs::path(info.folder).filename().string())
      .Field("built_at", info.built_at_micros)
      .Field("files", info.files)
      .Field("tokens", info.tokens)
      .Field("fingerprints", info.fingerprints)
      .Field("bytes", info.bytes)
      .Field("languages", info.languages);
  json.Key("from").BeginArray();
  for (const std::string& from : info.from) json.String(from);
  json.EndArray().EndObject();
  return std::move(json).Take() + "\n";
}

Error Corrupt(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("{}: {}", kFile, what));
}

Result<LabelInfo> ParseLabel(std::string_view text, const std::string& folder) {
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(text));
  if (json["version"].Int() != kVersion) {
    return Error(Code::kInvalid, fmt::format("{}: another version", kFile));
  }
  LabelInfo info;
  info.label = json["label"].StringOrEmpty();
  struct Row {
    std::string_view key;
    uint64_t LabelInfo::* value;
  };
  for (const Row& row :
       {Row{"edition", &LabelInfo::edition}, Row{"files", &LabelInfo::files},
        Row{"tokens", &LabelInfo::tokens},
        Row{"fingerprints", &LabelInfo::fingerprints},
        Row{"bytes", &LabelInfo::bytes},
        Row{"languages", &LabelInfo::languages}}) {
    const auto value = json[row.key].Int();
    if (!value || *value < 0) return Corrupt(row.key);
    info.*row.value = static_cast<uint64_t>(*value);
  }
  info.built_at_micros = json["built_at"].Int().value_or(0);
  const std::string_view name = json["folder"].StringOrEmpty();
  // A name in this folder, never a way out of it.
  if (name.empty() ||
      name.find_first_not_of("0123456789") != std::string_view::npos) {
    return Corrupt("folder");
  }
  info.folder = folder + "/" + std::string(name);
  for (const JsonValue& from : json["from"].Elements()) {
    info.from.emplace_back(from.StringOrEmpty());
  }
  return info;
}

std::string Descriptor(std::string_view path) {
  JsonWriter json;
  json.BeginObject().Field("path", path).EndObject();
  return std::move(json).Take();
}

// Editions that label.json does not name: of builds that were given up, or
// that are replaced. What maps them goes on reading.
void RemoveOthers(const std::string& folder, uint64_t edition) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(ignored) || name == std::to_string(edition)) {
      continue;
    }
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

std::string LabelsFolder(const std::string& data_folder) {
  return data_folder + "/labels";
}

Status CheckLabel(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label[0] == '-' ||
      label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
          std::string_view::npos) {
    return Error(Code::kInvalid,
                 fmt::format("label \"{}\": must be 1 to {} of a-z, 0-9 and "
                             "'-', not beginning with '-'",
                             label.substr(0, kLabelBytesMax), kLabelBytesMax));
  }
  return {};
}

Result<std::string> LabelledPath(std::string_view descriptor) {
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(descriptor));
  const auto path = json["path"].String();
  if (!path) return Error(Code::kCorrupt, "label: a descriptor has no path");
  return std::string(*path);
}

Result<LabelInfo> ReadLabel(const std::string& labels_folder,
                            std::string_view label) {
  TRY(CheckLabel(label));
  const std::string folder = labels_folder + "/" + std::string(label);
  auto text = ReadFile(folder + "/" + std::string(kFile), kFileBytesMax);
  if (!text.ok()) {
    if (text.error().code() != Code::kNotFound) return text.error();
    return Error(Code::kNotFound,
                 fmt::format("label \"{}\" was never built; see index build "
                             "--from PATH --label {}",
                             label, label));
  }
  auto info = ParseLabel(*text, folder);
  if (!info.ok()) {
    return std::move(info).error().Within(fmt::format("label \"{}\"", label));
  }
  return info;
}

Result<std::vector<LabelInfo>> ListLabels(const std::string& labels_folder) {
  std::vector<LabelInfo> labels;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(labels_folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!CheckLabel(name).ok()) continue;
    auto info = ReadLabel(labels_folder, name);
    if (info.ok()) {
      labels.push_back(*std::move(info));
    } else if (info.error().code() != Code::kNotFound) {
      return info.error();
    }
  }
  std::sort(
      labels.begin(), labels.end(),
      [](const LabelInfo& a, const LabelInfo& b) { return a.label < b.label; });
  return labels;
}

struct LabelBuilder::State {
  State(FileLock held, IndexWriter into)
      : lock(std::move(held)), writer(std::move(into)) {}

  FileLock lock;
  IndexWriter writer;
  std::string folder;  // of the label
  LabelInfo info;
  std::optional<SegmentWriter> segment;
  uint64_t next = 1;  // a file's number, where an output has its sequence
  fingerprint::TokenStream tokens;
  fingerprint::SelectScratch scratch;
  std::vector<fingerprint::Fingerprint> selected;
  std::vector<fingerprint::OutputFingerprint> fingerprints;

  Status Seal() {
    if (!segment) return {};
    TRY(writer.AddSegment(*std::move(segment)));
    segment.reset();
    return {};
  }
};

LabelBuilder::LabelBuilder(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
LabelBuilder::LabelBuilder(LabelBuilder&&) noexcept = default;
LabelBuilder::~LabelBuilder() = default;

Result<LabelBuilder> LabelBuilder::Open(const std::string& labels_folder,
                                        std::string_view label, Mode mode) {
  TRY(CheckLabel(label));
  const std::string folder = labels_folder + "/" + std::string(label);
  TRY(MakeFolder(labels_folder, 0700));
  TRY(MakeFolder(folder, 0700));
  TRY_ASSIGN(FileLock lock,
             FileLock::Acquire(folder + "/" + std::string(kLock)));
  LabelInfo info;
  info.label = label;
  auto before = ReadLabel(labels_folder, label);
  if (before.ok()) {
    info.edition = before->edition;
  } else if (before.error().code() != Code::kNotFound) {
    return before.error();
  }
  RemoveOthers(folder, info.edition);
  info.edition += 1;
  info.folder = folder + "/" + std::to_string(info.edition);
  if (mode == Mode::kAdd && before.ok()) {
    info.from = before->from;
    info.files = before->files;
    info.languages = before->languages;
    std::error_code error;
    fs::copy(before->folder, info.folder, fs::copy_options::recursive, error);
    if (error) {
      return Error::FromErrno(error.value(), "copy " + before->folder);
    }
  }
  TRY_ASSIGN(IndexWriter writer, IndexWriter::Open(info.folder));
  auto state = std::make_unique<State>(std::move(lock), std::move(writer));
  state->folder = folder;
  state->info = std::move(info);
  state->next = state->writer.covered() + 1;
  return LabelBuilder(std::move(state));
}

Result<LabelBuilder::Added> LabelBuilder::AddFile(std::string_view path,
                                                  std::string_view text) {
  State& state = *state_;
  fingerprint::Lex(text, fingerprint::LanguageOfPath(path), &state.tokens);
  if (state.tokens.size() < PromptLabels::kTokensMin) return Added::kTooShort;
  auto evidence = fingerprint::EncodeEvidence(
      fingerprint::MakeEvidence(state.tokens, {}, {}));
  if (!evidence.ok()) {
    if (evidence.error().code() == Code::kTooLarge) return Added::kTooLarge;
    return evidence.error();
  }
  SelectMinimizers(state.tokens.normal(), &state.scratch, &state.selected);
  state.fingerprints.clear();
  for (const fingerprint::Fingerprint& print : state.selected) {
    state.fingerprints.push_back({.hash = print.hash, .token = print.token});
  }
  if (!state.segment) {
    state.segment.emplace(fingerprint::SequenceRange{state.next, state.next});
  } else {
    state.segment->CoverUntil(state.next);
  }
  TRY(state.segment->AddOutput(
      Descriptor(path.substr(0, kLabelPathBytesMax)), *evidence,
      static_cast<uint32_t>(state.tokens.size()), state.fingerprints));
  state.next += 1;
  state.info.files += 1;
  state.info.languages |= state.tokens.languages();
  if (state.segment->bytes() >= kLabelSegmentBytesMax) TRY(state.Seal());
  return Added::kYes;
}

Result<LabelInfo> LabelBuilder::Finish(std::vector<std::string> from,
                                       int64_t now_micros) {
  State& state = *state_;
  TRY(state.Seal());
  LabelInfo& info = state.info;
  if (info.files == 0) {
    return Error(Code::kInvalid,
                 fmt::format("label \"{}\" would hold nothing: no text file "
                             "of at least {} tokens was found",
                             info.label, PromptLabels::kTokensMin));
  }
  TRY(state.writer.MergeAll());
  info.tokens = info.fingerprints = info.bytes = 0;
  for (const auto& segment : state.writer.manifest().segments) {
    info.tokens += segment.tokens;
    info.fingerprints += segment.fingerprints;
    info.bytes += segment.bytes;
  }
  for (std::string& one : from) {
    if (std::find(info.from.begin(), info.from.end(), one) == info.from.end() &&
        info.from.size() < kLabelSourcesMax) {
      info.from.push_back(std::move(one));
    }
  }
  info.built_at_micros = now_micros;
  TRY(WriteFileAtomically(state.folder + "/" + std::string(kFile), Text(info),
                          0600));
  RemoveOthers(state.folder, info.edition);
  return info;
}

}  // namespace cofferdam::evidence
