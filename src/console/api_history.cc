#include <string>
#include <string_view>
#include <vector>

#include "console/api_internal.h"
#include "console/history_intake.h"
#include "policy/names.h"

// Answers that agents' histories tell of, brought by an administrator.
namespace cofferdam::console {
namespace {

// By an address, or by the id itself.
Result<policy::Person> FindPerson(Stores& stores, std::string_view name) {
  const auto email = policy::NormaliseEmail(name);
  TRY_ASSIGN(const std::vector<policy::Person> persons,
             stores.policy().ListPersons());
  for (const policy::Person& person : persons) {
    const bool same =
        person.id == name ||
        (email.ok() && !person.email.empty() && person.email == *email);
    if (same) return person;
  }
  return Error(Code::kNotFound,
               "person: nobody here has that address; `cofferdam person add` "
               "makes one");
}

}  // namespace

Result<std::string> ImportHistories(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view agent, Text(body, "agent"));
  TRY_ASSIGN(const std::string_view name, Text(body, "person"));
  TRY_ASSIGN(const std::string_view reason, Text(body, "reason"));
  HistoryBearer bearer;
  bearer.may = HistoryBearer::May::kNameAnyContract;
  bearer.when_behind = HistoryBearer::WhenBehind::kWait;
  if (!name.empty()) {
    TRY_ASSIGN(const policy::Person person, FindPerson(stores, name));
    bearer.person = person.id;
    bearer.team = person.team;
  }
  JsonWriter detail;
  detail.BeginObject()
      .Field("agent", agent)
      .Field("exchanges", uint64_t{body["exchanges"].Elements().size()})
      .FieldIfSet("person", bearer.person)
      .Field("reason", reason)
      .EndObject();
  auto audited = stores.policy().audit_log().Add(
      request.actor, "ledger.import", "ledger", detail.text(), reason);
  if (!audited.ok()) return std::move(audited).error();
  return TakeHistories(stores, bearer, body);
}

}  // namespace cofferdam::console
