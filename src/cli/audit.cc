#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/times.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

Result<int> List(const Invocation& call) {
  const int64_t limit = call.Number("--limit").value_or(100);
  if (limit < 1) return Error(Code::kInvalid, "--limit: must be 1 to 10000");
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer,
             admin->Call("GET", "audit", "", fmt::format("limit={}", limit)));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  for (const JsonValue& row : list["audit"].Elements()) {
    std::string_view subject = row["subject"].StringOrEmpty();
    if (row["person"].present()) subject = row["person"].StringOrEmpty();
    JsonWriter detail;
    detail.Value(row["detail"]);
    PrintLine(fmt::format(
        "{:>6}  {}  {}  {:<16}  {}  {}", row["sequence"].Int().value_or(0),
        TimeText(row["at"].StringOrEmpty()), row["by"].StringOrEmpty(),
        row["action"].StringOrEmpty(), subject, detail.text()));
  }
  return 0;
}

}  // namespace

std::vector<Command> AuditCommands() {
  return {
      {"audit list",
       "print who changed what in the administration, newest last",
       {},
       {{"--limit", Takes::kNumber, "how many rows, to 10000 (default 100)"},
        {"--json", Takes::kNothing, "print JSON"}},
       false,
       List},
  };
}

}  // namespace cofferdam::cli
