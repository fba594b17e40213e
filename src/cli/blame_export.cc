#include "cli/blame_export.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "blame/export.h"
#include "cli/context.h"
#include "corpus/note_writer.h"

namespace cofferdam::cli {
namespace {

using blame::ExportFormat;

constexpr int kFolderMode = 0755;
constexpr int kFileMode = 0644;

// Notes that are there already, by whoever, are not written over.
Result<int> WriteNotes(const std::string& folder,
                       const std::vector<blame::GitAiNote>& notes) {
  TRY(MakeFolder(folder, kFolderMode));
  size_t written = 0;
  for (const blame::GitAiNote& note : notes) {
    const std::string path = folder + "/" + note.commit;
    if (access(path.c_str(), F_OK) == 0) continue;
    TRY(WriteFileAtomically(path, note.text, kFileMode));
    ++written;
  }
  Say(fmt::format("{} notes written to {}, {} were there already", written,
                  folder, notes.size() - written));
  return 0;
}

Result<int> AddToGit(const blame::RepositoryBlame& blame,
                     const std::vector<blame::GitAiNote>& notes) {
  std::vector<corpus::CommitNote> added;
  for (const blame::GitAiNote& note : notes)
    added.push_back({note.commit, note.text});
  TRY_ASSIGN(const size_t count, corpus::AddNotes(blame.history.repository.root,
                                                  "refs/notes/ai", added));
  Say(fmt::format("{} notes added to refs/notes/ai, {} were there already",
                  count, notes.size() - count));
  return 0;
}

}  // namespace

Status CheckExportFlags(const Invocation& call) {
  if (!call.Has("--export")) {
    if (!call.Has("--out") && !call.Has("--for") && !call.Has("--add-notes"))
      return {};
    return Error(Code::kInvalid,
                 "blame: --out, --for and --add-notes need --export");
  }
  const auto format = blame::ParseExportFormat(call.Text("--export"));
  if (!format) {
    return Error(Code::kInvalid,
                 fmt::format("--export: unknown \"{}\", must be git-ai, "
                             "agent-trace, spdx or mask",
                             call.Text("--export")));
  }
  for (const std::string_view other :
       {"--json", "-L", "--summary", "--lines"}) {
    if (call.Has(other)) {
      return Error(Code::kInvalid, fmt::format("blame: --export or {}", other));
    }
  }
  const bool notes = *format == ExportFormat::kGitAi;
  if (call.Has("--add-notes") && (!notes || call.Has("--out"))) {
    return Error(Code::kInvalid,
                 "--add-notes: goes with --export git-ai, without --out");
  }
  if (notes && call.Text("--out").empty() && !call.Has("--add-notes")) {
    return Error(Code::kInvalid,
                 "--export git-ai: say --out FOLDER, where a note for each "
                 "commit goes, or --add-notes");
  }
  if (call.Has("--for")) {
    if (*format != ExportFormat::kMask)
      return Error(Code::kInvalid, "--for: only a mask has verdicts");
    if (!policy::ParseScanPurpose(call.Text("--for"))) {
      return Error(Code::kInvalid,
                   fmt::format("--for: unknown \"{}\", must be training or "
                               "evaluation",
                               call.Text("--for")));
    }
  }
  return {};
}

Result<int> WriteBlameExport(const Invocation& call, const Config& config,
                             const blame::RepositoryBlame& blame) {
  blame::ExportOptions options;
  options.now_micros = SystemClock().WallMicros();
  options.version = COFFERDAM_VERSION;
  options.organisation_trains_models = config.trains_models;
  if (call.Has("--for"))
    options.purpose = *policy::ParseScanPurpose(call.Text("--for"));
  for (const std::string& notice : blame.notices) Say("cofferdam: " + notice);
  const ExportFormat format = *blame::ParseExportFormat(call.Text("--export"));
  if (format == ExportFormat::kGitAi) {
    const auto notes = ExportGitAi(blame, options);
    return call.Has("--add-notes") ? AddToGit(blame, notes)
                                   : WriteNotes(call.Text("--out"), notes);
  }
  const std::string text =
      format == ExportFormat::kAgentTrace ? ExportAgentTrace(blame, options)
      : format == ExportFormat::kSpdx     ? ExportSpdx(blame, options)
                                          : ExportMask(blame, options);
  if (!call.Has("--out")) {
    Print(text);
    return 0;
  }
  TRY(WriteFileAtomically(call.Text("--out"), text, kFileMode));
  return 0;
}

}  // namespace cofferdam::cli
