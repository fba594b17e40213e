#include "corpus/agent_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/json.h"
#include "corpus/claim_ranges_internal.h"
#include "corpus/git_ai_note.h"

namespace cofferdam::corpus {
namespace {

ClaimedAuthor AuthorOf(std::string_view type) {
  if (type == "ai") return ClaimedAuthor::kModel;
  if (type == "human") return ClaimedAuthor::kHuman;
  if (type == "mixed") return ClaimedAuthor::kMixed;
  return ClaimedAuthor::kUnknown;
}

std::optional<uint32_t> Line(const JsonValue& value) {
  const auto number = value.Int();
  if (!number || *number < 1 ||
      *number > std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

class TraceReader {
 public:
  TraceReader(std::string_view text, std::string_view name)
      : text_(text), name_(name) {}

  TracesRead Read() {
    // A whole text is tried only where its first line is not one record, so
    // that a long file of lines is never parsed as one.
    std::string_view rest = text_;
    const std::string_view first = TakeLine(&rest);
    if (!IsRecord(first) && text_.size() <= kTraceRecordBytesMax) {
      const auto whole = JsonDocument::Parse(text_);
      if (whole.ok()) {
        ReadWhole(whole->root());
        return Finish();
      }
    }
    rest = text_;
    while (!rest.empty()) ReadLine(TakeLine(&rest));
    return Finish();
  }

 private:
  static std::string_view TakeLine(std::string_view* rest) {
    const size_t end = std::min(rest->find('\n'), rest->size());
    std::string_view line = rest->substr(0, end);
    rest->remove_prefix(std::min(end + 1, rest->size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    return line;
  }

  static bool IsRecord(std::string_view line) {
    return line.starts_with('{') && line.ends_with('}');
  }

  void ReadWhole(const JsonValue& root) {
    if (root.is_object()) {
      ReadRecord(root);
      return;
    }
    for (const JsonValue& element : root.Elements()) ReadRecord(element);
  }

  void ReadLine(std::string_view line) {
    if (line.empty()) return;
    if (line.size() > kTraceRecordBytesMax) {
      ++too_long_;
      return;
    }
    const auto document = JsonDocument::Parse(line);
    if (!document.ok() || !document->root().is_object()) {
      ++broken_;
      return;
    }
    ReadRecord(document->root());
  }

  void ReadRecord(const JsonValue& record) {
    if (!record["files"].is_array()) {
      ++broken_;
      return;
    }
    if (read_.records.size() == kTraceRecordsMax) {
      ++left_out_;
      return;
    }
    TraceRecord out;
    const JsonValue vcs = record["vcs"];
    if (!vcs["type"].present() || vcs["type"].StringOrEmpty() == "git")
      out.revision = vcs["revision"].StringOrEmpty();
    const std::string tool = SaidTool(record["tool"]["name"].StringOrEmpty());
    for (const JsonValue& file : record["files"].Elements()) {
      const std::string_view path = file["path"].StringOrEmpty();
      if (path.empty()) {
        ++broken_;
        continue;
      }
      for (const JsonValue& said : file["conversations"].Elements())
        ReadConversation(said, path, tool, &out);
    }
    read_.records.push_back(std::move(out));
  }

  void ReadConversation(const JsonValue& said, std::string_view path,
                        const std::string& tool, TraceRecord* out) {
    for (const JsonValue& range : said["ranges"].Elements()) {
      const auto begin = Line(range["start_line"]);
      const auto end = Line(range["end_line"]);
      if (!begin || !end || *end < *begin) {
        ++broken_ranges_;
        continue;
      }
      if (out->claims.size() == kLineClaimsMax) {
        ++left_out_;
        return;
      }
      const JsonValue contributor = range["contributor"].is_object()
                                        ? range["contributor"]
                                        : said["contributor"];
      LineClaim claim;
      claim.path = path;
      claim.line_begin = *begin;
      claim.line_end = *end;
      claim.author = AuthorOf(contributor["type"].StringOrEmpty());
      claim.tool = tool;
      claim.model = SaidModel(contributor["model_id"].StringOrEmpty());
      claim.session = said["url"].StringOrEmpty();
      claim.source = "agent-trace";
      out->claims.push_back(std::move(claim));
    }
  }

  TracesRead Finish() {
    const std::pair<size_t, std::string_view> counts[] = {
        {broken_, "records that are none of Agent Trace"},
        {too_long_, "records that are too long"},
        {broken_ranges_, "ranges that are none"},
        {left_out_, "records or ranges beyond the limit"},
    };
    for (const auto& [count, what] : counts) {
      if (count > 0)
        read_.notices.push_back(fmt::format("{}: {} {}", name_, count, what));
    }
    return std::move(read_);
  }

  std::string_view text_;
  std::string_view name_;
  TracesRead read_;
  size_t broken_ = 0;
  size_t too_long_ = 0;
  size_t broken_ranges_ = 0;
  size_t left_out_ = 0;
};

}  // namespace

TracesRead ReadAgentTrace(std::string_view text, std::string_view name) {
  return TraceReader(text, name).Read();
}

}  // namespace cofferdam::corpus
