#include "console/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace cofferdam::console {
namespace {

constexpr std::string_view kKeyPrefix = "cofferdam";
constexpr std::string_view kPurgeAction = "ledger.purge";

// Why a log that has `head` and these roots does not go on from `old_head`.
std::string Difference(std::string_view name, const seal::TreeHead& old_head,
                       const seal::TreeHead& head,
                       const std::map<uint64_t, seal::Digest>& roots) {
  if (head.size < old_head.size) {
    return fmt::format(
        "the {}'s log has {} leaves and had {}: the last {} are "
        "gone",
        name, head.size, old_head.size, old_head.size - head.size);
  }
  const auto root = roots.find(old_head.size);
  if (root == roots.end()) {
    return fmt::format(
        "the {}'s log has no root over its first {} leaves, "
        "some of which are missing",
        name, old_head.size);
  }
  if (root->second != old_head.root) {
    return fmt::format(
        "the first {} leaves of the {}'s log are not the ones "
        "it had",
        old_head.size, name);
  }
  return {};
}

}  // namespace

bool VerifyReport::ok() const {
  return ledger.ok() && audit.ok() && differences.empty() &&
         std::all_of(against.begin(), against.end(),
                     [](const Against& one) { return one.difference.empty(); });
}

Result<seal::SigningKey> Checkpoints::SigningKey() {
  std::lock_guard lock(mutex_);
  if (!key_) {
    TRY_ASSIGN(seal::SigningKey key,
               seal::SigningKey::Open(folder_ + "/checkpoint.key", kKeyPrefix,
                                      random_));
    TRY(WriteFileAtomically(folder_ + "/checkpoint.pub",
                            key.public_key().ToText() + "\n", 0644));
    key_ = std::move(key);
  }
  return *key_;
}

Result<seal::PublicKey> Checkpoints::Key() {
  TRY_ASSIGN(const seal::SigningKey key, SigningKey());
  return key.public_key();
}

Result<Checkpoints::Signed> Checkpoints::Make() {
  TRY_ASSIGN(const seal::SigningKey key, SigningKey());
  Signed made;
  made.checkpoint.origin = key.public_key().name();
  TRY_ASSIGN(made.checkpoint.audit, policy_.audit_log().Head());
  TRY_ASSIGN(made.checkpoint.ledger, ledger_.LogHead());
  made.checkpoint.time_micros = clock_.WallMicros();
  made.note = seal::SignCheckpoint(made.checkpoint, key);
  return made;
}

Result<VerifyReport> Checkpoints::Verify(const VerifyRequest& request) {
  VerifyReport report;
  ledger::LogQuestion question;
  question.texts = request.texts;
  std::vector<uint64_t> audit_sizes;
  std::optional<seal::PublicKey> key = request.key;
  if (!key && !request.against.empty()) {
    TRY_ASSIGN(key, Key());
  }
  for (const std::string& text : request.against) {
    auto note = seal::ParseNote(text);
    if (!note.ok()) {
      return Error(Code::kInvalid, note.error().message());
    }
    const Status signed_by = seal::CheckNote(*note, *key);
    if (!signed_by.ok()) {
      report.differences.push_back(signed_by.error().message());
      continue;
    }
    auto checkpoint = seal::ParseCheckpoint(note->text);
    if (!checkpoint.ok()) {
      return Error(Code::kInvalid, checkpoint.error().message());
    }
    question.sizes.push_back(checkpoint->ledger.size);
    audit_sizes.push_back(checkpoint->audit.size);
    report.against.push_back({*std::move(checkpoint), ""});
  }
  std::stable_sort(report.against.begin(), report.against.end(),
                   [](const auto& a, const auto& b) {
                     return a.checkpoint.time_micros < b.checkpoint.time_micros;
                   });
  TRY_ASSIGN(report.ledger, ledger_.VerifyLog(question));
  TRY_ASSIGN(report.audit, policy_.audit_log().Verify(audit_sizes));
  for (VerifyReport::Against& one : report.against) {
    one.difference = Difference("ledger", one.checkpoint.ledger,
                                report.ledger.head, report.ledger.roots);
    if (!one.difference.empty()) continue;
    one.difference = Difference("audit", one.checkpoint.audit,
                                report.audit.head, report.audit.roots);
  }
  for (const auto& [audit, count] : report.ledger.purges) {
    TRY_ASSIGN(const bool told, policy_.audit_log().Tells(audit, kPurgeAction));
    if (told) continue;
    report.differences.push_back(
        fmt::format("{} exchanges say that they were purged, and audit row "
                    "\"{}\" does not tell of it",
                    count, audit));
  }
  return report;
}

}  // namespace cofferdam::console
