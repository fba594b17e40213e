#include <fmt/format.h>

#include <utility>

#include "ledger/keys_internal.h"
#include "ledger/pending_internal.h"

namespace cofferdam::ledger {
namespace {

// Sequences and stored prompts.
using Entries = std::vector<std::pair<uint64_t, std::string>>;

Result<Entries> ReadEntries(const Store& store, uint64_t from,
                            const PendingLimits& limits) {
  Entries entries;
  size_t bytes = 0;
  TRY(store.Scan(Family::kPending, SequenceKey(from),
                 [&](std::string_view key, std::string_view value) {
                   entries.emplace_back(*SequenceOfKey(key), value);
                   bytes += value.size();
                   return entries.size() < limits.exchanges_max &&
                          bytes < limits.prompt_bytes_max;
                 }));
  return entries;
}

Result<Exchange> ReadRecord(const Store& store, uint64_t sequence) {
  TRY_ASSIGN(const auto value,
             store.Get(Family::kExchange, SequenceKey(sequence)));
  if (value) return FromJson(*value);
  return Error(Code::kCorrupt,
               fmt::format("ledger: no exchange {} though it waits", sequence));
}

// One bad text must not hold up all that comes after it.
Status ReadTexts(const Store& store, PendingExchange* out) {
  for (size_t i = 0; i < out->exchange.parts.size(); ++i) {
    TRY_ASSIGN(const auto value,
               store.Get(Family::kText, PartKey(out->exchange.sequence,
                                                static_cast<uint16_t>(i))));
    Result<std::string> text =
        value ? ReadText(*value, out->exchange.parts[i].bytes)
              : Error(Code::kNotFound, "text: is not kept");
    if (!text.ok()) out->notes = {"text_unreadable"};
    out->texts.push_back(std::move(text).value_or(""));
  }
  return {};
}

Result<PendingExchange> ReadOne(const Store& store, uint64_t sequence,
                                std::string_view stored) {
  PendingExchange pending;
  TRY_ASSIGN(pending.exchange, ReadRecord(store, sequence));
  TRY_ASSIGN(const PendingPrompt prompt, ReadPending(stored));
  pending.protocol = prompt.protocol;
  pending.prompt = prompt.prompt;
  TRY(ReadTexts(store, &pending));
  return pending;
}

}  // namespace

Result<std::vector<PendingExchange>> ReadPendingExchanges(
    const Store& store, uint64_t from, const PendingLimits& limits) {
  TRY_ASSIGN(const Entries entries, ReadEntries(store, from, limits));
  std::vector<PendingExchange> out;
  for (const auto& [sequence, stored] : entries) {
    Result<PendingExchange> pending = ReadOne(store, sequence, stored);
    // What comes before one that is damaged need not wait for it.
    if (!pending.ok() && !out.empty()) break;
    if (!pending.ok()) return pending.error();
    out.push_back(*std::move(pending));
  }
  return out;
}

}  // namespace cofferdam::ledger
