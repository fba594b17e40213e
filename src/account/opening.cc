#include "account/opening.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "account/date.h"

namespace cofferdam::account {
namespace {

// Whom a charge falls to; the day is 0 for all days before the open windows.
struct Spender {
  int32_t day = 0;
  std::string person;
  std::string key;
  std::string team;
  std::string repo;
  std::string purpose;

  auto operator<=>(const Spender&) const = default;
};

}  // namespace

Status FillBook(Rollup& rollup, const TeamLine& teams, int64_t now_micros,
                policy::Book* book) {
  const int32_t today = DayOfTime(now_micros);
  // Days before both matter to caps without an end alone.
  const int32_t first = std::min(StartOfWeek(today), StartOfMonth(today));
  std::map<Spender, policy::Amount> spent;
  TRY(rollup.Read({}, [&](const RowName& name, const Tally& tally) {
    const std::string& route = name.of(Dimension::kRoute);
    if (route == "import" || route == "context") return;
    policy::Amount& amount =
        spent[{name.day < first ? 0 : name.day, name.of(Dimension::kPerson),
               name.of(Dimension::kKey), name.of(Dimension::kTeam),
               name.of(Dimension::kRepo), name.of(Dimension::kPurpose)}];
    amount.micro_dollars =
        policy::AddAmounts(amount.micro_dollars, tally.micro_dollars);
    amount.tokens = policy::AddAmounts(amount.tokens, tally.charged_tokens);
  }));
  std::map<std::string, std::vector<std::string>> lines;
  for (const auto& [spender, amount] : spent) {
    auto line = lines.find(spender.team);
    if (line == lines.end()) {
      std::vector<std::string> above;
      if (!spender.team.empty()) above = teams(spender.team);
      line = lines.emplace(spender.team, std::move(above)).first;
    }
    std::vector<std::string_view> views(line->second.begin(),
                                        line->second.end());
    views.resize(std::min(views.size(), policy::Charge::kTeamsMax));
    policy::Charge charge;
    charge.person_id = spender.person;
    charge.key_id = spender.key;
    charge.repo = spender.repo;
    charge.purpose = spender.purpose;
    charge.teams = views;
    charge.now_micros = StartOfDay(spender.day);
    book->AddSpent(charge, amount);
  }
  return {};
}

}  // namespace cofferdam::account
