#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "console/stores.h"

namespace cofferdam::console {

// What an agent's history told of, taken into the ledger
// (docs/formats/histories.md).

// One call. What clients send stays below it, one answer alone, too.
inline constexpr size_t kHistoryBodyBytesMax = size_t{24} << 20;
inline constexpr size_t kHistoryRowsMax = 1024;

// Whose history it is. Never what the history says of itself.
struct HistoryBearer {
  std::string person;  // opaque ids; empty: nobody's
  std::string team;
  std::string key;
  // Who administers may say that any contract was; an engineer, one of the
  // provider that the history names.
  enum class May { kNameAnyContract, kNameOwnProviders };
  May may = May::kNameOwnProviders;
  // When the indexer is far behind: wait for it, or refuse (kUnavailable).
  enum class WhenBehind { kWait, kRefuse };
  WhenBehind when_behind = WhenBehind::kRefuse;
};

// `body`: {"contract": NAME, "exchanges": [answer, …]}, the contract where the
// providers do not tell it. Answers
//   {"added","merged","already","bytes","last_sequence",
//    "bad":[{"row","message"}, …]}
// where `merged` counts what the gate saw, `already` what was imported before,
// and `bad` names each answer that was not taken, by its place from 0. Errors
// are those of the whole call: kInvalid for a body of another form, kTooLarge
// beyond kHistoryRowsMax, and the ledger's. Sending again is harmless. Touches
// the disk.
Result<std::string> TakeHistories(Stores& stores, const HistoryBearer& bearer,
                                  const JsonDocument& body);

}  // namespace cofferdam::console
