#include "agent/session/tool_policy.h"

#include <fmt/format.h>

#include <utility>

namespace cofferdam::agent {
namespace {

constexpr size_t kForbiddenMax = policy::kProtectionsMax;
constexpr size_t kPatternsMax = 4096;

std::string Joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    all += (all.empty() ? "" : ", ") + word;
  }
  return all;
}

}  // namespace

std::string ToolPolicy::RefusesPath(const std::string& path) const {
  if (!path.starts_with(root_ + "/")) return "";
  const std::string below = path.substr(root_.size() + 1);
  for (const policy::ForbiddenPaths& one : forbidden_) {
    if (!policy::Forbids(one, below)) continue;
    return fmt::format(
        "{} may not be written with this model: the company's policy keeps it "
        "for {} data, and {}{}{}.",
        below, policy::ScanPurposeName(one.purpose), one.why,
        one.ask.empty() ? "" : ". What to do instead: ", one.ask);
  }
  return "";
}

std::string ToolPolicy::Refuses(const Intent& intent) const {
  for (const std::string& path : intent.writes) {
    std::string why = RefusesPath(path);
    if (!why.empty()) return why;
  }
  return "";
}

std::vector<FileChange> ToolPolicy::Forbidden(
    std::span<const FileChange> changes) const {
  std::vector<FileChange> forbidden;
  for (const FileChange& change : changes) {
    if (!RefusesPath(change.path).empty()) forbidden.push_back(change);
  }
  return forbidden;
}

std::vector<std::string> ToolPolicy::Lines() const {
  std::vector<std::string> lines;
  for (const policy::ForbiddenPaths& one : forbidden_) {
    lines.push_back(fmt::format(
        "{}: not to be written with this model ({} data: {})",
        Joined(one.paths), policy::ScanPurposeName(one.purpose), one.why));
  }
  return lines;
}

Result<std::vector<policy::ForbiddenPaths>> ReadForbiddenPaths(
    const JsonValue& list) {
  std::vector<policy::ForbiddenPaths> all;
  if (!list.present()) return all;
  const auto wrong = [] {
    return Error(Code::kInvalid, "forbidden_paths: not of their form");
  };
  if (!list.is_array()) return wrong();
  size_t patterns = 0;
  for (const JsonValue& row : list.Elements()) {
    const auto purpose =
        policy::ParseScanPurpose(row["purpose"].StringOrEmpty());
    if (!purpose || all.size() == kForbiddenMax) return wrong();
    policy::ForbiddenPaths one{.paths = {},
                               .purpose = *purpose,
                               .why = std::string(row["why"].StringOrEmpty()),
                               .ask = std::string(row["ask"].StringOrEmpty())};
    for (const JsonValue& path : row["paths"].Elements()) {
      if (!path.is_string() || ++patterns > kPatternsMax) return wrong();
      one.paths.emplace_back(*path.String());
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::string WriteForbiddenPaths(
    std::span<const policy::ForbiddenPaths> forbidden) {
  JsonWriter json;
  json.BeginArray();
  for (const policy::ForbiddenPaths& one : forbidden) {
    json.BeginObject().Key("paths").BeginArray();
    for (const std::string& path : one.paths) json.String(path);
    json.EndArray();
    json.Field("purpose", policy::ScanPurposeName(one.purpose));
    json.Field("why", one.why).FieldIfSet("ask", one.ask).EndObject();
  }
  json.EndArray();
  return std::move(json).Take();
}

}  // namespace cofferdam::agent
