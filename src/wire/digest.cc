#include "wire/digest.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "wire/lenient_json.h"

namespace cofferdam::wire {
namespace {

std::string WithoutSpace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_space) out.push_back(c);
  }
  return out;
}

// Claude Code sends `cd DIR && COMMAND` back as COMMAND when it stands in DIR.
std::string_view WithoutChangeOfFolder(std::string_view command) {
  constexpr std::string_view kChange = "cd ";
  constexpr std::string_view kThen = " && ";
  if (!command.starts_with(kChange)) return command;
  std::string_view line = command.substr(0, command.find_first_of("\n;|"));
  size_t then = line.find(kThen);
  if (then == std::string_view::npos) return command;
  return command.substr(then + kThen.size());
}

void WriteCanonical(const JsonValue& value, JsonWriter* writer) {
  if (auto text = value.String()) {
    writer->String(WithoutSpace(*text));
  } else if (value.is_array()) {
    writer->BeginArray();
    for (const JsonValue& element : value.Elements()) {
      WriteCanonical(element, writer);
    }
    writer->EndArray();
  } else if (value.is_object()) {
    auto members = value.Members();
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    writer->BeginObject();
    for (const auto& [name, member] : members) {
      writer->Key(name);
      WriteCanonical(member, writer);
    }
    writer->EndObject();
  } else if (auto number = value.Double(); number && std::abs(*number) < 9e15 &&
                                           std::trunc(*number) == *number) {
    // JavaScript knows no difference between 1.0 and 1.
    writer->Int(static_cast<int64_t>(*number));
  } else if (auto large = value.Double()) {
    writer->Double(*large);
  } else {
    writer->Value(value);
  }
}

}  // namespace

std::string ClaimText(const Part& part) {
  if (part.kind == PartKind::kToolInput) {
    Result<LenientJson> json = ParseLenient(part.text, Halves::kReplace);
    if (json.ok()) {
      JsonWriter writer;
      WriteCanonical(json->document.root(), &writer);
      return std::move(writer).Take();
    }
  }
  if (part.kind == PartKind::kCommand) {
    return WithoutSpace(WithoutChangeOfFolder(part.text));
  }
  return WithoutSpace(part.text);
}

}  // namespace cofferdam::wire
