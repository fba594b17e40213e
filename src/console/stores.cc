#include "console/stores.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "account/crash.h"
#include "account/opening.h"
#include "console/sealed_mark.h"

namespace cofferdam::console {
namespace {

// For a ledger that is added up from its first exchange on.
constexpr int64_t kOpenBookMs = 3'600'000;

}  // namespace

std::string SocketPath(const std::string& folder) {
  return folder + "/cofferdam.sock";
}

std::string IndexFolder(const std::string& folder) { return folder + "/index"; }

Result<std::unique_ptr<Stores>> Stores::Open(const StoresOptions& options,
                                             const Clock& clock, Random& random,
                                             const Logger& logger) {
  const std::string& folder = options.folder;
  std::string context = fmt::format("open data folder {}", folder);
  Status made = MakeFolder(folder, 0700);
  if (!made.ok()) return std::move(made).error().Within(context);
  auto lock = FileLock::Acquire(folder + "/LOCK");
  if (!lock.ok()) return std::move(lock).error().Within(context);
  std::unique_ptr<Stores> stores(
      new Stores(options, *std::move(lock), clock, random, logger));

  auto opened = [&]() -> Status {
    TRY_ASSIGN(stores->policy_, policy::Store::Open(folder, clock, random));
    TRY_ASSIGN(stores->ledger_,
               ledger::Ledger::Open(folder + "/ledger", options.ledger, clock,
                                    logger));
    ledger::SealerOptions sealing;
    sealing.folder = IndexFolder(folder);
    TRY_ASSIGN(stores->sealer_, ledger::Sealer::Open(stores->ledger_.get(),
                                                     sealing, clock, logger));
    stores->indexer_ = std::make_unique<ledger::Indexer>(
        stores->ledger_.get(), ledger::IndexerOptions{}, clock, random, logger);
    stores->indexer_->SetListener([sealer = stores->sealer_.get()](
                                      uint64_t bytes) { sealer->Note(bytes); });
    TRY_ASSIGN(stores->holds_,
               policy::HoldFile::Open(folder + "/holds", kHoldsMax));
    TRY(account::SettleCrashed(*stores->holds_, *stores->ledger_, clock,
                               logger));
    policy::BookOptions book;
    random.Fill(
        {reinterpret_cast<uint8_t*>(&book.hash_seed), sizeof(book.hash_seed)});
    stores->book_ = std::make_unique<policy::Book>(book);
    policy::Caps& caps = stores->policy_->caps();
    caps.SetDefault(options.person_month_micro_dollars);
    caps.SetListener(
        [to = stores->book_.get()](const std::vector<policy::Cap>& list) {
          to->SetCaps(list);
        });
    account::RollupOptions adding;
    adding.follow = options.follow;
    TRY_ASSIGN(stores->rollup_,
               account::Rollup::Open(folder, *stores->ledger_, options.pricing,
                                     adding, clock, logger));
    stores->checkpoints_ = std::make_unique<Checkpoints>(
        folder, *stores->policy_, *stores->ledger_, clock, random);
    return {};
  }();
  if (!opened.ok()) return std::move(opened).error().Within(context);
  return stores;
}

Status Stores::OpenBook() {
  std::lock_guard lock(book_mutex_);
  if (book_filled_) return {};
  TRY(rollup_->CatchUp(ledger_->last_sequence(), kOpenBookMs));
  const auto line = [directory =
                         policy_->directory()](const std::string& team) {
    const auto tree = directory->teams();
    const auto chain = tree->Chain(team);
    // One that was deleted still was a team then.
    if (chain.empty()) return std::vector<std::string>{team};
    return std::vector<std::string>(chain.begin(), chain.end());
  };
  TRY(account::FillBook(*rollup_, line, clock_.WallMicros(), book_.get()));
  book_filled_ = true;
  return {};
}

Stores::~Stores() {
  Status closed = Close();
  if (!closed.ok()) {
    logger_.Error("close_failed", {{"reason", closed.error().message()}});
  }
}

Status Stores::Close() {
  if (indexer_) {
    indexer_->SetListener({});
    indexer_->Stop();
  }
  if (sealer_) sealer_->Stop();
  if (rollup_) rollup_->Stop();
  rollup_.reset();
  const bool was_open = ledger_ != nullptr;
  const uint64_t last_sequence = was_open ? ledger_->last_sequence() : 0;
  Status closed = was_open ? ledger_->Close() : Status();
  indexer_.reset();
  sealer_.reset();
  ledger_.reset();
  if (policy_) policy_->caps().SetListener({});
  policy_.reset();
  // Under the lock, since the next holder may append.
  if (was_open && closed.ok()) MarkSealed(folder_, last_sequence);
  lock_.reset();
  return closed;
}

}  // namespace cofferdam::console
