#include "cli/scan_attest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "cli/shipped_background.h"
#include "corpus/source.h"
#include "evidence/dataset_catalogue.h"
#include "evidence/thresholds.h"
#include "policy/terms.h"
#include "scan/report_file.h"
#include "seal/dsse.h"
#include "seal/hash.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

constexpr size_t kManifestBytesMax = size_t{64} << 20;
constexpr int kPublicMode = 0644;

std::string Hex(std::string_view text) { return ToHex(seal::Sha256(text)); }

// Of a file, or of what stands for it where none is named.
Result<std::string> DigestOr(const std::string& file,
                             std::string_view built_in) {
  if (file.empty()) return Hex(built_in);
  TRY_ASSIGN(auto digests, scan::DigestPaths({file}, {}, nullptr));
  return digests.front().hex;
}

Status CheckDigestible(const Invocation& call) {
  for (const std::string& path : call.positionals()) {
    if (corpus::IsPipe(path) || path.find("://") != std::string::npos) {
      return Error(Code::kInvalid,
                   fmt::format("--attest: {} cannot be digested; name files or "
                               "folders",
                               path == "-" ? "stdin" : path));
    }
  }
  return {};
}

// The ledger's signed checkpoint, whose root commits to every output; empty
// where it cannot be had, which takes nothing from the rest.
std::string LedgerCheckpoint(console::Admin* admin) {
  if (admin == nullptr) return "";
  auto answer = admin->Call("GET", "ledger/checkpoint");
  if (!answer.ok()) return "";
  auto json = JsonDocument::Parse(*answer);
  return json.ok() ? std::string((*json)["checkpoint"].StringOrEmpty()) : "";
}

}  // namespace

std::vector<Flag> AttestFlags() {
  return {
      {"--attest", Takes::kText,
       "write a signed statement of the corpus and the result"},
      {"--sign-key", Takes::kText,
       "with --attest: the key's file, made if it is not there; scan.key in "
       "the "
       "data folder if absent"},
  };
}

Result<std::unique_ptr<Attestation>> Attestation::Begin(
    const Invocation& call, const Config& config,
    const scan::ScanOptions& options) {
  std::unique_ptr<Attestation> none;
  if (!call.Has("--attest")) return none;
  TRY(CheckDigestible(call));
  std::unique_ptr<Attestation> made(new Attestation());
  made->key_path_ = call.Has("--sign-key")
                        ? call.Text("--sign-key")
                        : config.data_folder + "/" + std::string(kScanKeyFile);
  made->public_path_ =
      call.Has("--sign-key")
          ? call.Text("--sign-key") + ".pub"
          : config.data_folder + "/" + std::string(kScanPublicKeyFile);
  made->index_folder_ = options.index_folder;
  made->corpus_ = call.positionals();
  made->revision_ = options.source.revision;
  made->scope_ = options.source.revision_scope;
  made->background_files_ = config.background_files;
  made->terms_file_ = config.terms_file;
  made->datasets_file_ = call.Text("--datasets");
  made->marks_ = !call.Has("--no-marks");
  made->purpose_ = options.judgement.purpose;
  made->limits_ = options.source.limits.tree;
  // What cannot be signed or written is said before the scan.
  TRY_ASSIGN(seal::SigningKey key,
             seal::SigningKey::Open(made->key_path_, "cofferdam-scan",
                                    SystemRandom()));
  made->key_.emplace(std::move(key));
  TRY_ASSIGN(made->file_,
             scan::ReportFile::Create(call.Text("--attest"),
                                      scan::ReportFile::Landing::kWhole));
  if (!made->revision_.empty()) {
    made->digests_ = std::make_unique<Result<std::vector<scan::PathDigest>>>(
        scan::DigestRevision(made->corpus_, made->revision_, made->scope_));
    TRY(*made->digests_);
    return made;
  }
  TRY_ASSIGN(made->stamp_, scan::StampPaths(made->corpus_, made->limits_));
  Attestation* self = made.get();
  made->thread_ = std::thread([self] {
    self->digests_ = std::make_unique<Result<std::vector<scan::PathDigest>>>(
        scan::DigestPaths(self->corpus_, self->limits_, &self->stop_));
  });
  return made;
}

Attestation::~Attestation() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

Result<std::vector<scan::StatementPolicy>> Attestation::Policies() const {
  std::vector<scan::StatementPolicy> policies;
  const std::string manifest = index_folder_ + "/manifest.json";
  // An index without a manifest is empty.
  std::string text;
  if (access(manifest.c_str(), F_OK) == 0) {
    TRY_ASSIGN(text, ReadFile(manifest, kManifestBytesMax));
  }
  policies.push_back({"index", Hex(text)});
  TRY_ASSIGN(std::string terms,
             DigestOr(terms_file_, policy::BuiltInTermsText()));
  policies.push_back({"terms", std::move(terms)});
  policies.push_back({"thresholds", Hex(evidence::BuiltInThresholdsText())});
  if (marks_) {
    TRY_ASSIGN(std::string datasets,
               DigestOr(datasets_file_, evidence::BuiltInDatasetsText()));
    policies.push_back({"datasets", std::move(datasets)});
  }
  policies.push_back({"background", Hex(ShippedBackground())});
  TRY_ASSIGN(auto layers,
             scan::DigestPaths(background_files_, limits_, nullptr));
  for (const scan::PathDigest& layer : layers)
    policies.push_back({"background " + layer.name, layer.hex});
  return policies;
}

Result<std::vector<scan::PathDigest>> Attestation::Corpus() {
  const Error changed(Code::kConflict,
                      "--attest: the corpus changed while it was scanned; "
                      "nothing was signed");
  if (thread_.joinable()) thread_.join();
  TRY_ASSIGN(std::vector<scan::PathDigest> digests, std::move(*digests_));
  if (!revision_.empty()) {
    // A branch may have moved on.
    TRY_ASSIGN(const auto now,
               scan::DigestRevision(corpus_, revision_, scope_));
    if (now != digests) return changed;
    return digests;
  }
  TRY_ASSIGN(const std::string stamp, scan::StampPaths(corpus_, limits_));
  if (stamp != stamp_) return changed;
  return digests;
}

Status Attestation::Finish(const scan::ScanReport& report,
                           const std::string& written, console::Admin* admin) {
  TRY_ASSIGN(std::vector<scan::PathDigest> corpus, Corpus());
  scan::Statement statement;
  statement.subjects = std::move(corpus);
  if (!written.empty()) {
    statement.made_from = std::move(statement.subjects);
    TRY_ASSIGN(statement.subjects,
               scan::DigestPaths({written}, limits_, nullptr));
  }
  statement.verifier = "pkg:generic/cofferdam@" COFFERDAM_VERSION;
  TRY_ASSIGN(statement.policies, Policies());
  statement.time = SystemClock().WallMicros();
  statement.purpose = policy::ScanPurposeName(purpose_);
  statement.ledger_checkpoint = LedgerCheckpoint(admin);
  scan::TakeReport(report, &statement);
  statement.properties = scan::PropertiesOf(report, purpose_);
  TRY(WriteFileAtomically(public_path_, key_->public_key().ToText() + "\n",
                          kPublicMode));
  file_->Append(seal::WriteEnvelope(scan::kStatementPayloadType,
                                    scan::WriteStatement(statement), *key_) +
                "\n");
  return file_->Close();
}

}  // namespace cofferdam::cli
