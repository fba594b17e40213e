#include "agent/calls/mended_json.h"

#include <utility>

#include <fmt/format.h>

#include "agent/calls/loose_reader.h"

namespace cofferdam::agent {
namespace {

// How often an object may be wrapped in strings.
constexpr int kWrappingsMax = 3;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kFence = "```";
constexpr std::string_view kSpace = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

using Mends = std::vector<std::string_view>;

// Without the fence around it, if there is one.
std::string_view Unfenced(std::string_view text, Mends* mends) {
  if (!text.starts_with(kFence)) return text;
  const size_t line = text.find_first_of("\n{");
  if (line == std::string_view::npos) return text;
  std::string_view inner = Trimmed(text.substr(line));
  if (inner.ends_with(kFence)) inner.remove_suffix(kFence.size());
  mends->push_back("a fence");
  return Trimmed(inner);
}

// Words around an object hold nothing that could be a part of it.
bool IsProse(std::string_view text) {
  return text.find_first_of("{}[]\"`\\") == std::string_view::npos;
}

Result<MendedJson> Finish(std::string_view json, Mends mends) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok()) {
    return Error(Code::kInvalid,
                 "it holds a number out of range, or half a character");
  }
  return MendedJson{.document = *std::move(document),
                    .mends = std::move(mends)};
}

Result<MendedJson> Mend(std::string_view text, Ending ending, int wrappings,
                        Mends mends);

// A list of exactly one object stands for it.
Result<MendedJson> OutOfList(const JsonDocument& list, Mends mends) {
  const std::vector<JsonValue> elements = list.root().Elements();
  if (elements.size() != 1 || !elements[0].is_object())
    return Error(Code::kInvalid, "it is a list, not one object");
  mends.push_back("a list around it");
  JsonWriter json;
  json.Value(elements[0]);
  return Finish(json.text(), std::move(mends));
}

// `text` begins with a quote: an object that was written as a string.
Result<MendedJson> OutOfString(LooseReader* reader, Ending ending,
                               int wrappings, Mends mends) {
  if (!reader->Value() || !reader->Space())
    return Error(Code::kInvalid, reader->why());
  if (!reader->at_end()) return Error(Code::kInvalid, "it is not one object");
  const Result<JsonDocument> string =
      JsonDocument::Parse("[" + reader->json() + "]");
  if (!string.ok()) return Error(Code::kInvalid, "it holds half a character");
  mends.insert(mends.end(), reader->mends().begin(), reader->mends().end());
  mends.push_back("an object inside a string");
  return Mend(string->root().At(0).StringOrEmpty(), ending, wrappings - 1,
              std::move(mends));
}

// What stands behind an object may be the same object again, or prose.
Status CheckRest(LooseReader* reader, Ending ending) {
  if (!reader->Space()) return Error(Code::kInvalid, reader->why());
  reader->SurplusClosers();
  std::string_view rest = Trimmed(reader->rest());
  if (rest.ends_with(kFence)) {
    rest = Trimmed(rest.substr(0, rest.size() - kFence.size()));
    reader->Mend("a fence");
  }
  if (rest.empty()) return {};
  if (IsProse(rest)) {
    reader->Mend("words around it");
    return {};
  }
  LooseReader again(rest, ending);
  if (rest.starts_with('{') && again.Value() && again.at_end() &&
      again.json() == reader->json()) {
    reader->Mend("the same object twice");
    return {};
  }
  return Error(Code::kInvalid, "something stands behind the object");
}

Result<MendedJson> Mend(std::string_view text, Ending ending, int wrappings,
                        Mends mends) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
    mends.push_back("a byte order mark");
  }
  text = Unfenced(Trimmed(text), &mends);
  if (text.empty()) return Error(Code::kInvalid, "it is empty");
  if (wrappings < 0) return Error(Code::kInvalid, "it is wrapped too often");
  if (Result<JsonDocument> document = JsonDocument::Parse(text);
      document.ok()) {
    if (document->root().is_array())
      return OutOfList(*document, std::move(mends));
    return MendedJson{.document = *std::move(document),
                      .mends = std::move(mends)};
  }
  if (!IsUtf8(text)) return Error(Code::kInvalid, "it is not UTF-8");
  // Escaped as inside a string, but without its quotes.
  if (text.starts_with("{\\\"") || text.starts_with("{\\n")) {
    const std::string quoted = fmt::format("\"{}\"", text);
    LooseReader reader(quoted, ending);
    return OutOfString(&reader, ending, wrappings, std::move(mends));
  }
  LooseReader reader(text, ending);
  if (text[0] == '"' || text[0] == '\'')
    return OutOfString(&reader, ending, wrappings, std::move(mends));
  if (text[0] == '[') {
    if (!reader.Value() || !reader.Space())
      return Error(Code::kInvalid, reader.why());
    if (!reader.at_end()) return Error(Code::kInvalid, "it is not one object");
    TRY_ASSIGN(const MendedJson list, Finish(reader.json(), reader.mends()));
    mends.insert(mends.end(), list.mends.begin(), list.mends.end());
    return OutOfList(list.document, std::move(mends));
  }
  const size_t begin = text.find('{');
  if (begin == std::string_view::npos)
    return Error(Code::kInvalid, "it is no JSON object");
  if (begin > 0) {
    std::string_view before = Trimmed(text.substr(0, begin));
    if (before.ends_with("```json"))
      before.remove_suffix(std::string_view("```json").size());
    else if (before.ends_with(kFence))
      before.remove_suffix(kFence.size());
    if (!IsProse(before))
      return Error(Code::kInvalid, "it is not one JSON object");
    reader.Mend("words around it");
    reader.set_place(begin);
  }
  if (!reader.Value()) return Error(Code::kInvalid, reader.why());
  TRY(CheckRest(&reader, ending));
  mends.insert(mends.end(), reader.mends().begin(), reader.mends().end());
  return Finish(reader.json(), std::move(mends));
}

}  // namespace

Result<MendedJson> MendJson(std::string_view text, Ending ending) {
  if (text.size() > kMendedBytesMax)
    return Error(Code::kTooLarge, "it is too long");
  return Mend(text, ending, kWrappingsMax, {});
}

}  // namespace cofferdam::agent
