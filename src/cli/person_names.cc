#include "cli/person_names.h"

#include <utility>

#include "base/json.h"
#include "cli/context.h"

namespace cofferdam::cli {

Result<std::map<std::string, std::string>> PersonNames(console::Admin* admin) {
  TRY_ASSIGN(const std::string answer, admin->Call("GET", "person"));
  TRY_ASSIGN(const JsonDocument list, JsonDocument::Parse(answer));
  std::map<std::string, std::string> names;
  for (const JsonValue& row : list["persons"].Elements()) {
    names.emplace(row["id"].StringOrEmpty(), row["email"].StringOrEmpty());
  }
  return names;
}

Result<std::map<std::string, std::string>> PersonNames(
    const console::StoresOptions& stores) {
  TRY_ASSIGN(auto admin, console::Admin::Open(stores, CommandLogger()));
  TRY_ASSIGN(auto names, PersonNames(admin.get()));
  TRY(admin->Close());
  return names;
}

}  // namespace cofferdam::cli
