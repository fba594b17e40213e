#include "ledger/sealer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/thread_name.h"
#include "fingerprint/index.h"
#include "fingerprint/segment.h"
#include "ledger/postings.h"

namespace cofferdam::ledger {
namespace {

// Records that are looked at together.
constexpr size_t kScanChunk = 1024;
// A segment ends long before the limits of its format.
constexpr uint64_t kSegmentBytesLimit = uint64_t{1} << 30;
// Of one name in a descriptor; a model may have named a path of megabytes.
constexpr size_t kNameBytesMax = 4096;

// JsonWriter mends a character that is cut.
void AddName(std::string_view name, std::string_view value, JsonWriter* out) {
  out->FieldIfSet(name, value.substr(0, kNameBytesMax));
}

}  // namespace

std::string OutputDescriptor(const Exchange& exchange, size_t part) {
  CHECK(part < exchange.parts.size());
  const PartRecord& record = exchange.parts[part];
  const Origin& origin = exchange.origin;
  const Terms& terms = origin.terms;
  JsonWriter out;
  out.BeginObject().Field("v", 1);
  out.Field("exchange", exchange.id.ToString());
  out.Field("sequence", exchange.sequence);
  out.Field("part", static_cast<uint64_t>(part));
  out.Field("kind", wire::PartKindName(record.kind));
  AddName("path", record.path, &out);
  out.Field("route", RouteName(exchange.route));
  out.Field("identity", IdentityGradeName(exchange.identity));
  AddName("session", exchange.session, &out);
  AddName("provider", origin.provider, &out);
  AddName("model", origin.model, &out);
  AddName("contract", origin.contract, &out);
  AddName("terms_class", terms.terms_class, &out);
  out.Key("terms").BeginObject();
  AddName("version", terms.version, &out);
  AddName("provider", terms.provider, &out);
  AddName("product", terms.product, &out);
  AddName("plan", terms.plan, &out);
  AddName("weights", terms.weights, &out);
  out.EndObject();
  AddName("tool", origin.tool, &out);
  AddName("tool_version", origin.tool_version, &out);
  AddName("person", origin.person, &out);
  AddName("team", origin.team, &out);
  AddName("repo", origin.repo, &out);
  AddName("commit", origin.commit, &out);
  AddName("purpose", origin.purpose, &out);
  if (!exchange.context_origins.empty()) {
    out.Key("context_origins").BeginArray();
    for (const std::string& name : exchange.context_origins) out.String(name);
    out.EndArray();
  }
  // When the request came: what existed before cannot come from its answer.
  out.Field("time", exchange.times.received);
  if (exchange.continues) {
    out.Field("continues", exchange.continues->ToString());
  }
  out.EndObject();
  return std::move(out).Take();
}

class Sealer::Impl {
 public:
  Impl(Ledger* ledger, SealerOptions options, const Clock& clock,
       const Logger& logger, fingerprint::IndexWriter index)
      : ledger_(ledger),
        options_(std::move(options)),
        clock_(clock),
        logger_(logger),
        index_(std::move(index)) {
    options_.segment_bytes_max =
        std::min(options_.segment_bytes_max, kSegmentBytesLimit);
    thread_ = std::thread([this] {
      SetThreadName("sealer");
      Run();
    });
  }

  ~Impl() { Stop(); }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    ready_.notify_all();
    thread_.join();
  }

  void Note(uint64_t bytes) {
    {
      std::lock_guard lock(mutex_);
      unsealed_bytes_ += bytes;
      if (unsealed_bytes_ < options_.unsealed_bytes_max) return;
    }
    ready_.notify_one();
  }

  Result<SealReport> Rebuild() {
    std::lock_guard seal_lock(seal_mutex_);
    TRY(index_.Clear());
    return SealAndMerge();
  }

  Result<SealReport> SealNow(Merging merging) {
    std::lock_guard seal_lock(seal_mutex_);
    return merging == Merging::kAll ? SealAndMerge() : Seal();
  }

 private:
  // seal_mutex_ held.
  Result<SealReport> Seal() {
    {
      std::lock_guard lock(mutex_);
      unsealed_bytes_ = 0;
    }
    SealReport report;
    const uint64_t through = ledger_->indexed_through();
    while (index_.covered() < through) TRY(SealSegment(through, &report));
    TRY(index_.MergeSmall());
    report.covered_sequence = index_.covered();
    report.segments = index_.manifest().segments.size();
    return report;
  }

  Result<SealReport> SealAndMerge() {
    TRY_ASSIGN(SealReport report, Seal());
    TRY(index_.MergeAll());
    report.segments = index_.manifest().segments.size();
    return report;
  }

  // One more segment of what comes after the last one.
  Status SealSegment(uint64_t through, SealReport* report) {
    uint64_t next = index_.covered() + 1;
    fingerprint::SegmentWriter segment({next, next});
    std::optional<Error> wrong;
    do {
      const uint64_t looked_at = next;
      const size_t limit = std::min<uint64_t>(kScanChunk, through - next + 1);
      TRY(ledger_->Scan(next, limit, [&](const Exchange& exchange) {
        const Status added = AddExchange(exchange, &segment);
        if (!added.ok()) {
          wrong = added.error();
          return false;
        }
        next = exchange.sequence + 1;
        return segment.bytes() < options_.segment_bytes_max;
      }));
      if (wrong) return *std::move(wrong);
      if (next == looked_at) {
        return Error(Code::kCorrupt,
                     fmt::format("ledger: no exchange {}", next));
      }
    } while (next <= through && segment.bytes() < options_.segment_bytes_max);
    segment.CoverUntil(next - 1);
    const uint64_t outputs = segment.outputs();
    TRY(index_.AddSegment(std::move(segment)));
    report->outputs += outputs;
    return {};
  }

  Status AddExchange(const Exchange& exchange,
                     fingerprint::SegmentWriter* segment) {
    if (exchange.parts.empty()) return {};
    TRY_ASSIGN(const auto parts, ledger_->ReadIndexed(exchange.sequence));
    for (const IndexedPart& part : parts) {
      TRY_ASSIGN(const Postings postings, DecodePostings(part.postings));
      if (postings.fingerprints.empty()) continue;
      if (part.part >= exchange.parts.size()) {
        return Error(Code::kCorrupt, fmt::format("exchange {}: no part {}",
                                                 exchange.sequence, part.part));
      }
      TRY(segment->AddOutput(OutputDescriptor(exchange, part.part), part.stream,
                             postings.tokens, postings.fingerprints));
    }
    return {};
  }

  void Run() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        ready_.wait_for(lock, std::chrono::milliseconds(options_.interval_ms),
                        [this] {
                          return stopping_ ||
                                 unsealed_bytes_ >= options_.unsealed_bytes_max;
                        });
        if (stopping_) return;
      }
      const int64_t begin = clock_.SteadyMicros();
      const Result<SealReport> report = SealNow(Merging::kSimilar);
      if (!report.ok()) {
        logger_.Error("sealing_failed", {{"error", report.error().message()}});
      } else if (report->outputs > 0) {
        logger_.Info(
            "sealed",
            {{"outputs", static_cast<int64_t>(report->outputs)},
             {"covered", static_cast<int64_t>(report->covered_sequence)},
             {"segments", static_cast<int64_t>(report->segments)},
             {"micros", clock_.SteadyMicros() - begin}});
      }
    }
  }

  Ledger* const ledger_;
  SealerOptions options_;
  const Clock& clock_;
  const Logger& logger_;

  std::mutex seal_mutex_;
  fingerprint::IndexWriter index_;

  std::mutex mutex_;
  std::condition_variable ready_;
  uint64_t unsealed_bytes_ = 0;
  bool stopping_ = false;

  std::thread thread_;
};

Sealer::Sealer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sealer::~Sealer() = default;

Result<std::unique_ptr<Sealer>> Sealer::Open(Ledger* ledger,
                                             SealerOptions options,
                                             const Clock& clock,
                                             const Logger& logger) {
  Result<fingerprint::IndexWriter> index =
      fingerprint::IndexWriter::Open(options.folder);
  if (!index.ok()) return index.error().Within("open index " + options.folder);
  if (index->covered() > ledger->last_sequence()) {
    return Error(
        Code::kCorrupt,
        fmt::format("open index {}: covers exchange {}, and the ledger ends "
                    "with {}: it belongs to another ledger",
                    options.folder, index->covered(), ledger->last_sequence()));
  }
  return std::unique_ptr<Sealer>(new Sealer(std::make_unique<Impl>(
      ledger, std::move(options), clock, logger, *std::move(index))));
}

Result<SealReport> Sealer::SealNow(Merging merging) {
  return impl_->SealNow(merging);
}
Result<SealReport> Sealer::Rebuild() { return impl_->Rebuild(); }
void Sealer::Note(uint64_t bytes) { impl_->Note(bytes); }
void Sealer::Stop() { impl_->Stop(); }

}  // namespace cofferdam::ledger
