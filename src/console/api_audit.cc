#include <algorithm>
#include <utility>
#include <vector>

#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

constexpr int64_t kAuditListMax = 10'000;

}  // namespace

Result<std::string> ListAudit(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(int64_t limit,
             QueryNumber(request.query, "limit", 100, kAuditListMax));
  TRY_ASSIGN(std::vector<policy::AuditRow> rows,
             stores.policy().ListAudit(std::max<int64_t>(limit, 1)));
  JsonWriter json;
  json.BeginObject().Key("audit").BeginArray();
  for (const policy::AuditRow& row : rows) {
    json.BeginObject().Field("sequence", row.sequence);
    WriteTime(&json, "at", row.time_micros);
    json.Field("by", NameOfActor(stores, row.actor))
        .Field("actor", row.actor)
        .Field("action", row.action)
        .Field("subject", row.subject);
    std::string about = NameOfPerson(stores, row.subject);
    if (about != row.subject) json.Field("person", about);
    json.Key("detail").Raw(row.detail).EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
