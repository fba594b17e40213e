#include "wire/chat_usage.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "wire/json_splice_internal.h"
#include "wire/lenient_json.h"
#include "wire/types.h"

namespace cofferdam::wire {
namespace {

constexpr std::string_view kAsked = R"("include_usage":true)";

bool IsNull(const JsonValue& value) {
  return value.type() == JsonValue::Type::kNull;
}

// The data of an event's `data` lines, joined by line feeds.
std::string DataOf(std::string_view event) {
  std::string data;
  while (!event.empty()) {
    const size_t end = std::min(event.find_first_of("\r\n"), event.size());
    std::string_view line = event.substr(0, end);
    event.remove_prefix(std::min(end + 1, event.size()));
    if (!line.starts_with("data:")) continue;
    line.remove_prefix(5);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!data.empty()) data.push_back('\n');
    data.append(line);
  }
  return data;
}

// Whether `usage` may have an object for its value: most chunks have a null,
// and are passed without a parse.
bool MayHoldUsage(std::string_view event) {
  constexpr std::string_view kName = "\"usage\"";
  size_t i = event.find(kName);
  while (i != std::string_view::npos) {
    // White space, the colon, the ends and names of lines of an event that has
    // several.
    i = event.find_first_not_of(": \t\r\ndat", i + kName.size());
    if (i == std::string_view::npos) return false;
    if (event[i] == '{') return true;
    i = event.find(kName, i);
  }
  return false;
}

bool IsUsageChunk(std::string_view event) {
  if (!MayHoldUsage(event)) return false;
  Result<LenientJson> json = ParseLenient(DataOf(event), Halves::kReplace);
  if (!json.ok()) return false;
  const JsonValue root = json->document.root();
  const JsonValue choices = root["choices"];
  return choices.is_array() && choices.Elements().empty() &&
         root["usage"].is_object() && !root["error"].present();
}

}  // namespace

std::optional<std::string> WithIncludeUsage(std::string_view body) {
  Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
  if (!json.ok()) return std::nullopt;
  const JsonValue root = json->document.root();
  MemberFound stream;
  MemberFound options;
  if (!root.is_object() || !FindOnce(root, "stream", &stream) ||
      !FindOnce(root, "stream_options", &options) ||
      !stream.value.Bool().value_or(false)) {
    return std::nullopt;
  }
  const MemberSpans spans = SpansOf(body, SkipSpace(body, 0));
  if (!options.value.present()) {
    return Inserted(body, spans,
                    "\"stream_options\":{" + std::string(kAsked) + "}");
  }
  const ByteRange place = spans.values.at(options.index);
  if (IsNull(options.value)) {
    return Replaced(body, place, "{" + std::string(kAsked) + "}");
  }
  MemberFound asked;
  if (!options.value.is_object() ||
      !FindOnce(options.value, "include_usage", &asked)) {
    return std::nullopt;
  }
  const MemberSpans inner = SpansOf(body, place.begin);
  if (!asked.value.present()) return Inserted(body, inner, kAsked);
  const bool refuses = IsNull(asked.value) || asked.value.Bool() == false;
  if (!refuses) return std::nullopt;
  return Replaced(body, inner.values.at(asked.index), "true");
}

void UsageChunkFilter::Feed(std::string_view piece, std::string* out) {
  while (!piece.empty()) {
    const Tail tail = std::exchange(tail_, Tail::kNone);
    if (tail != Tail::kNone && piece.front() == '\n') {
      if (tail == Tail::kPass) out->push_back('\n');
      piece.remove_prefix(1);
      continue;
    }
    const size_t end = piece.find_first_of("\r\n");
    const size_t words = std::min(end, piece.size());
    if (words > 0) {
      line_is_empty_ = false;
      after_cr_ = false;
    }
    const size_t taken = end == std::string_view::npos ? words : words + 1;
    Hold(piece.substr(0, taken), out);
    piece.remove_prefix(taken);
    if (end == std::string_view::npos) return;
    const bool is_cr = held_end_ == '\r';
    if (!is_cr && after_cr_) {
      after_cr_ = false;  // the second half of the line's end
      continue;
    }
    if (std::exchange(line_is_empty_, true)) {
      EndEvent(is_cr, out);
      after_cr_ = false;
    } else {
      after_cr_ = is_cr;
    }
  }
}

void UsageChunkFilter::Hold(std::string_view bytes, std::string* out) {
  held_end_ = bytes.back();
  if (passes_) {
    out->append(bytes);
    return;
  }
  held_.append(bytes);
  if (held_.size() <= event_bytes_max_) return;
  passes_ = true;
  out->append(held_);
  held_.clear();
}

void UsageChunkFilter::EndEvent(bool is_cr, std::string* out) {
  const bool drops = !passes_ && IsUsageChunk(held_);
  if (drops) {
    ++removed_;
  } else {
    out->append(held_);
  }
  held_.clear();
  passes_ = false;
  if (is_cr) tail_ = drops ? Tail::kDrop : Tail::kPass;
}

void UsageChunkFilter::Finish(std::string* out) {
  out->append(held_);
  held_.clear();
}

}  // namespace cofferdam::wire
