#include "cli/scan_write.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

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
  };
}

Result<std::unique_ptr<ScanWriter>> ScanWriter::Begin(const Invocation& call) {
  std::unique_ptr<ScanWriter> none;
  if (!call.Has("--write")) {
    if (call.Has("--action") || call.Has("--ambiguous")) {
      return Error(Code::kInvalid,
                   "--action and --ambiguous say how to --write; name where");
    }
    return none;
  }
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
  return std::unique_ptr<ScanWriter>(
      new ScanWriter(call.Text("--write"), options));
}

Status ScanWriter::Write(const Invocation& call,
                         const scan::ScanOptions& options,
                         scan::ScanReport* report) {
  corpus::RewriteOptions rewrite;
  rewrite.style = options_.action == scan::WriteAction::kMask
                      ? corpus::CutStyle::kMask
                      : corpus::CutStyle::kExcise;
  rewrite.source = options.source;
  auto counts =
      corpus::Rewrite(call.positionals(), to_, edits_.Take(), rewrite);
  if (!counts.ok()) return std::move(counts).error().Within("--write " + to_);
  scan::Written written;
  written.to = to_;
  written.dropped = counts->records_dropped;
  written.cut = counts->records_cut;
  written.kept = report->records - written.dropped - written.cut;
  written.bytes = counts->bytes_written;
  report->written = std::move(written);
  return {};
}

}  // namespace cofferdam::cli
