#include <algorithm>

#include "fingerprint/evidence_stream.h"
#include "fingerprint/file_language.h"
#include "ledger/keys_internal.h"
#include "ledger/output_sorter_internal.h"
#include "ledger/postings.h"
#include "ledger/secrets.h"

namespace cofferdam::ledger {
namespace {

using fingerprint::Language;

}  // namespace

bool IsIndexed(wire::PartKind kind) {
  return kind != wire::PartKind::kToolInput;
}

Language LanguageOf(wire::PartKind kind, std::string_view path,
                    std::string_view text) {
  switch (kind) {
    case wire::PartKind::kCommand:
      return Language::kShell;
    case wire::PartKind::kText:
    case wire::PartKind::kThinking:
      // Prose as a rule, with its code in fences; but a model that was asked
      // for code alone may well answer with just that.
      return fingerprint::GuessLanguage(text);
    case wire::PartKind::kToolInput:
      return Language::kMarkdown;
    case wire::PartKind::kFile:
    case wire::PartKind::kEdit:
    case wire::PartKind::kPatch:
      // Code read as prose would match nothing; a tool that wrote a file
      // without naming it gets a guess.
      return fingerprint::LanguageOfFile(path, text);
  }
  return Language::kGeneral;
}

wire::Prompt OutputSorter::ReadPrompt(const PendingExchange& pending,
                                      IndexedExchange* out) const {
  if (pending.prompt.empty()) return {};
  Result<wire::Prompt> prompt =
      wire::ReadPrompt(pending.protocol, pending.prompt);
  if (prompt.ok()) return *std::move(prompt);
  out->notes.push_back("prompt_unreadable");
  return {};
}

Exchange OutputSorter::ClaimedExchange(const wire::PromptTurn& turn,
                                       const Exchange& carrier) const {
  Exchange claimed;
  claimed.id = next_id_();
  claimed.route = Route::kContext;
  claimed.session = carrier.session;
  claimed.turn = static_cast<int64_t>(turn.number);
  claimed.identity = IdentityGrade::kClaimed;
  claimed.origin = carrier.origin;
  // It never passed an upstream of ours. Nobody says which model wrote it: a
  // session can change models, and an imported one may come from anywhere. The
  // model that was asked to go on is the best guess and is marked as one, so
  // that no table of use or finding takes it for a fact.
  claimed.origin.upstream.clear();
  claimed.origin.model = "claimed:" + (carrier.origin.model_requested.empty()
                                           ? carrier.origin.model
                                           : carrier.origin.model_requested);
  claimed.times.received = carrier.times.received;
  claimed.times.finished = carrier.times.received;
  claimed.notes = {"found_in:" + carrier.id.ToString()};
  return claimed;
}

Result<OutputSorter::Turn> OutputSorter::LackingOf(
    wire::PromptTurn& turn, const PendingExchange& pending,
    std::vector<std::string>* contracts) const {
  Turn lacking;
  // As when it was an output itself, else it would look like another one.
  size_t masked = 0;
  for (wire::Part& part : turn.parts) masked += MaskSecrets(&part.text);
  lacking.texts_before = turn.texts_before;
  std::vector<std::pair<const wire::Part*, ClaimDigest>> parts;
  bool worth = false;
  for (const wire::Part& part : turn.parts) {
    const auto claim = ClaimOf(part);
    if (!claim) continue;
    TRY_ASSIGN(const auto holders, find_claim_(*claim));
    for (const ClaimHolder& holder : holders) {
      if (holder.sequence == pending.exchange.sequence) continue;
      contracts->push_back(holder.contract);
    }
    if (!holders.empty()) continue;
    parts.emplace_back(&part, *claim);
    // A turn of which only tool inputs are unknown wrote nothing to keep:
    // agents fill in members of those before they send them back.
    worth |= IsIndexed(part.kind);
  }
  if (!worth) return lacking;
  lacking.claimed.exchange = ClaimedExchange(turn, pending.exchange);
  if (masked > 0) {
    lacking.claimed.exchange.notes.push_back(MaskedNote(masked));
  }
  for (const auto& [part, claim] : parts) {
    const auto number = static_cast<uint16_t>(lacking.claimed.claims.size());
    lacking.claimed.exchange.parts.push_back(MakePartRecord(*part));
    lacking.claimed.claims.emplace_back(claim);
    lacking.claimed.texts.push_back(
        {number, CompressedText(part->text, text_compress_bytes_min_)});
    if (IsIndexed(part->kind)) {
      Lexed& lexed = lacking.lexed.emplace_back();
      lexed.part = number;
      lexed.kept = &part->kept;
      fingerprint::Lex(part->text,
                       LanguageOf(part->kind, part->path, part->text),
                       &lexed.tokens);
    }
    if (number == ExchangeDraft::kPartsMax - 1) break;
  }
  contracts->push_back(pending.exchange.origin.contract);
  return lacking;
}

void OutputSorter::SortParts(const std::vector<Lexed>& parts,
                             const fingerprint::PromptSearch& search,
                             std::vector<IndexedPart>* indexed,
                             std::vector<std::string>* notes) {
  std::vector<std::pair<size_t, size_t>> kept;
  for (const Lexed& part : parts) {
    if (part.tokens.empty()) continue;
    kept.clear();
    for (const wire::ByteRange& range : *part.kept) {
      kept.emplace_back(range.begin, range.end);
    }
    const fingerprint::SortedOutput sorted =
        fingerprint::SortOutput(part.tokens, kept, search);
    Result<std::string> stream = fingerprint::EncodeEvidence(
        fingerprint::MakeEvidence(part.tokens, sorted.quoted, sorted.echoed));
    if (!stream.ok()) {
      notes->push_back("part_too_large_to_index");
      continue;
    }
    indexed->push_back(
        {part.part, *std::move(stream),
         EncodePostings(static_cast<uint32_t>(part.tokens.size()),
                        sorted.fingerprints)});
  }
}

void OutputSorter::StoreTexts(const PendingExchange& pending,
                              IndexedExchange* out) const {
  for (size_t i = 0; i < pending.texts.size(); ++i) {
    const std::string& text = pending.texts[i];
    if (text.size() < text_compress_bytes_min_) continue;
    std::string stored = CompressedText(text, text_compress_bytes_min_);
    if (stored.size() <= text.size()) {
      out->texts.push_back({static_cast<uint16_t>(i), std::move(stored)});
    }
  }
}

Result<IndexedExchange> OutputSorter::Sort(const PendingExchange& pending) {
  IndexedExchange out;
  out.sequence = pending.exchange.sequence;
  out.notes = pending.notes;
  wire::Prompt prompt = ReadPrompt(pending, &out);
  StoreTexts(pending, &out);

  std::vector<Turn> turns;
  for (wire::PromptTurn& turn : prompt.turns) {
    TRY_ASSIGN(Turn lacking, LackingOf(turn, pending, &out.context_origins));
    if (!lacking.claimed.claims.empty()) turns.push_back(std::move(lacking));
  }
  std::sort(out.context_origins.begin(), out.context_origins.end());
  out.context_origins.erase(
      std::unique(out.context_origins.begin(), out.context_origins.end()),
      out.context_origins.end());

  std::vector<Lexed> own;
  const auto& records = pending.exchange.parts;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!IsIndexed(records[i].kind)) continue;
    Lexed& lexed = own.emplace_back();
    lexed.part = static_cast<uint16_t>(i);
    lexed.kept = &records[i].kept;
    fingerprint::Lex(
        pending.texts[i],
        LanguageOf(records[i].kind, records[i].path, pending.texts[i]),
        &lexed.tokens);
  }

  uint64_t languages = 0;
  for (const Lexed& part : own) languages |= part.tokens.languages();
  for (const Turn& turn : turns) {
    for (const Lexed& part : turn.lexed) languages |= part.tokens.languages();
  }
  // A turn can only have quoted what came before it; the exchange's own
  // output comes after all.
  fingerprint::PromptSearch search;
  for (const Lexed& part : own) search.Want(part.tokens);
  for (const Turn& turn : turns) {
    for (const Lexed& part : turn.lexed) search.Want(part.tokens);
  }
  size_t added = 0;
  const auto add_until = [&](size_t end) {
    for (; added < end; ++added) {
      search.AddText(prompt.texts[added], languages, &cache_);
    }
  };
  for (Turn& turn : turns) {
    add_until(turn.texts_before);
    SortParts(turn.lexed, search, &turn.claimed.indexed,
              &turn.claimed.exchange.notes);
    out.claimed.push_back(std::move(turn.claimed));
  }
  add_until(prompt.texts.size());
  SortParts(own, search, &out.indexed, &out.notes);
  return out;
}

}  // namespace cofferdam::ledger
