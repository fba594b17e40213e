#include "cli/scan_write.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/file.h"
#include "corpus/rewrite.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

std::optional<scan::WriteAction> ParseAction(std::string_view name) {
  if (name == "drop") return scan::WriteAction::kDrop;
  if (name == "excise") return scan::WriteAction::kExcise;
  if (name == "mask") return scan::WriteAction::kMask;
  return std::nullopt;
}

}  // namespace

std::vector<Flag> ScanWriteFlags() {
  return {
      {"--write", Takes::kText,
       "copy the corpus to here, in its own format, without what is forbidden"},
      {"--action", Takes::kText,
       "with --write: drop the record or file (default), excise its lines, or "
       "mask them"},
      {"--ambiguous", Takes::kNothing,
       "with --write: what is ambiguous goes, too"},
      {"--mask", Takes::kText,
       "with --write: lines that this mask names go, too (blame --export "
       "mask)"},
  };
}

Result<std::unique_ptr<ScanWriter>> ScanWriter::Begin(
    const Invocation& call, const corpus::SourceOptions& source) {
  std::unique_ptr<ScanWriter> none;
  if (!call.Has("--write")) {
    if (call.Has("--action") || call.Has("--ambiguous") || call.Has("--mask")) {
      return Error(
          Code::kInvalid,
          "--action, --ambiguous and --mask say how to --write; name where");
    }
    return none;
  }
  Status target =
      corpus::CheckRewrite(call.positionals(), call.Text("--write"), source);
  if (!target.ok())
    return std::move(target).error().Within("--write " + call.Text("--write"));
  scan::EditList::Options options;
  options.ambiguous = call.Has("--ambiguous");
  if (call.Has("--action")) {
    auto action = ParseAction(call.Text("--action"));
    if (!action) {
      return Error(Code::kInvalid,
                   fmt::format("--action: unknown \"{}\", must be drop, excise "
                               "or mask",
                               call.Text("--action")));
    }
    options.action = *action;
  }
  std::unique_ptr<ScanWriter> writer(
      new ScanWriter(call.Text("--write"), options));
  if (call.Has("--mask")) {
    const std::string name = call.Text("--mask");
    TRY_ASSIGN(const std::string text, ReadFile(name, scan::kMaskBytesMax));
    TRY_ASSIGN(writer->mask_, scan::LineMask::Parse(text, name));
  }
  return writer;
}

Status ScanWriter::Write(const Invocation& call,
                         const scan::ScanOptions& options,
                         scan::ScanReport* report) {
  corpus::RewriteOptions rewrite;
  rewrite.style = options_.action == scan::WriteAction::kMask
                      ? corpus::CutStyle::kMask
                      : corpus::CutStyle::kExcise;
  rewrite.source = options.source;
  rewrite.stop = options.stop;
  std::vector<corpus::RecordEdit> edits = edits_.Take();
  if (mask_.blobs() > 0) {
    TRY_ASSIGN(auto masked,
               mask_.EditsOf(call.positionals(), options.source.limits.tree,
                             options_));
    edits = scan::JoinEdits(std::move(edits), std::move(masked));
  }
  auto counts =
      corpus::Rewrite(call.positionals(), to_, std::move(edits), rewrite);
  if (!counts.ok()) return std::move(counts).error().Within("--write " + to_);
  scan::Written written;
  written.to = to_;
  written.dropped = counts->records_dropped;
  written.cut = counts->records_cut;
  written.kept = report->records - written.dropped - written.cut;
  written.bytes = counts->bytes_written;
  report->written = std::move(written);
  if (counts->unreadable > 0) {
    report->notices.push_back(fmt::format(
        "--write {}: {} file{} or folder{} that cannot be read {} not in it",
        to_, counts->unreadable, counts->unreadable == 1 ? "" : "s",
        counts->unreadable == 1 ? "" : "s",
        counts->unreadable == 1 ? "is" : "are"));
  }
  return {};
}

}  // namespace cofferdam::cli
