#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/ulid.h"
#include "console/contracts.h"
#include "ledger/ledger.h"
#include "policy/contract.h"

namespace cofferdam::console {

// What an output of a file becomes in the ledger (docs/formats/import.md).

// Bytes of a line, prompt and text together; what clients send in one call
// stays below kImportBodyBytesMax.
inline constexpr size_t kImportLineBytesMax = size_t{32} << 20;
inline constexpr size_t kImportBodyBytesMax = size_t{40} << 20;
// Of providers, models, contracts, tools, sessions, ids.
inline constexpr size_t kImportNameBytesMax = 256;

// What is said of all outputs of an import.
struct ImportDefaults {
  // An object of the same members as an output, for those it lacks.
  JsonValue members;
  // Terms of contracts that the configuration does not have; without a name
  // and a provider, which each output says.
  std::optional<policy::Contract> terms;
};

struct ImportRooms {
  const Contracts& contracts;
  // The id of the person of an address; empty for one that nobody has.
  std::function<std::string(std::string_view email)> person_id;
  // When it is imported.
  int64_t now_micros = 0;
};

struct ImportedOutput {
  ledger::ExchangeDraft draft;
  // It names a person whom nobody here knows; the draft names nobody.
  bool person_unknown = false;
};

// Reads one output. kInvalid names the member that is wrong; kNotFound, a
// contract that nobody knows.
//
// An output without the provider's id and without a session gets a session of
// its own, made of what it says, so that the same line never counts twice.
Result<ImportedOutput> ReadImportLine(const JsonValue& output,
                                      const ImportDefaults& defaults,
                                      const ImportRooms& rooms, const Ulid& id);

}  // namespace cofferdam::console
