#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/scan_attest.h"
#include "scan/statement.h"
#include "scan/text_columns.h"
#include "seal/dsse.h"

namespace cofferdam::cli {
namespace {

using Count = Positional::Count;
using Takes = Flag::Takes;

constexpr size_t kKeyBytesMax = 1024;

// A key as text, or the file that holds it; that of the data folder if none is
// named.
Result<seal::PublicKey> KeyFor(const Invocation& call) {
  std::string text = call.Text("--key");
  std::string from = text;
  if (text.empty()) {
    TRY_ASSIGN(Config config, LoadConfigFor(call));
    from = config.data_folder + "/" + std::string(kScanPublicKeyFile);
  }
  if (text.find('+') == std::string::npos) {
    auto read = ReadFile(from, kKeyBytesMax);
    if (!read.ok()) {
      return std::move(read).error().Within(
          "--key: whose signature is believed");
    }
    text = *std::move(read);
    while (text.ends_with('\n')) text.pop_back();
  }
  auto key = seal::PublicKey::Parse(text);
  if (!key.ok()) return std::move(key).error().Within("--key");
  return key;
}

// What was found, step by step.
struct Checked {
  std::string signature;  // why it does not hold; empty: it does
  std::string corpus;     // the same; empty also where none was given
  std::string matched;    // the subject that the corpus is
};

// `revision` is empty for files as they stand.
Status CheckCorpus(const std::string& path, const std::string& revision,
                   const scan::Statement& statement, Checked* checked) {
  std::vector<scan::PathDigest> digests;
  if (revision.empty()) {
    TRY_ASSIGN(digests, scan::DigestPaths({path}, {}, nullptr));
  } else {
    for (const auto scope :
         {corpus::RevisionScope::kTree, corpus::RevisionScope::kHistory}) {
      TRY_ASSIGN(const auto more,
                 scan::DigestRevision({path}, revision, scope));
      digests.push_back(more.front());
    }
  }
  const scan::PathDigest& digest = digests.front();
  auto subject = std::find_if(
      statement.subjects.begin(), statement.subjects.end(),
      [&](const scan::PathDigest& one) {
        return std::any_of(
            digests.begin(), digests.end(), [&](const scan::PathDigest& other) {
              return one.algorithm == other.algorithm && one.hex == other.hex;
            });
      });
  if (subject != statement.subjects.end()) {
    checked->matched = subject->name;
  } else {
    checked->corpus =
        fmt::format("{} has {} {}, which the statement does not name",
                    digest.name, digest.algorithm, digest.hex);
  }
  return {};
}

void PrintJson(const seal::PublicKey& key, const scan::Statement& statement,
               const Checked& checked) {
  JsonWriter writer;
  writer.BeginObject()
      .Field("ok", checked.signature.empty() && checked.corpus.empty())
      .Field("key", key.ToText())
      .FieldIfSet("signature_error", checked.signature)
      .FieldIfSet("corpus_error", checked.corpus)
      .FieldIfSet("corpus_is", checked.matched)
      .Key("statement")
      .Raw(scan::WriteStatement(statement))
      .EndObject();
  PrintLine(writer.text());
}

// What a file says, which may steer a terminal until its signature holds, and
// names a stranger's folders also then.
void PrintSafe(std::string_view line) {
  PrintLine(scan::Printable(line, scan::LineEnds::kReplace));
}

void PrintWords(const seal::PublicKey& key, const scan::Statement& statement,
                const Checked& checked) {
  if (!checked.signature.empty()) {
    PrintSafe("DOES NOT HOLD  " + checked.signature);
    return;
  }
  PrintSafe(fmt::format("holds    signed by {}", key.name()));
  PrintSafe(fmt::format("         {}, {}", statement.verifier,
                        FormatTime(statement.time)));
  for (const scan::PathDigest& subject : statement.subjects) {
    PrintSafe(fmt::format("corpus   {}  {} {}", subject.name, subject.algorithm,
                          subject.hex));
  }
  for (const scan::PathDigest& source : statement.made_from) {
    PrintSafe(fmt::format("made of  {}  {} {}", source.name, source.algorithm,
                          source.hex));
  }
  PrintSafe(fmt::format(
      "result   for {}: {} forbidden, {} ambiguous, {} allowed; {} files, {} "
      "records, {} passed over",
      statement.purpose, statement.forbidden, statement.ambiguous,
      statement.allowed, statement.files, statement.records,
      statement.passed_over));
  PrintSafe(fmt::format("states   {}", fmt::join(statement.properties, " ")));
  PrintSafe(
      fmt::format("ledger   up to sequence {}", statement.covered_sequence));
  if (!checked.corpus.empty())
    PrintSafe("DIFFERS  " + checked.corpus);
  else if (!checked.matched.empty())
    PrintSafe(fmt::format("holds    the corpus is {}", checked.matched));
}

Result<int> Verify(const Invocation& call) {
  if (call.Has("--rev") && !call.Has("--corpus"))
    return Error(Code::kInvalid, "--rev: say --corpus REPOSITORY, too");
  TRY_ASSIGN(seal::PublicKey key, KeyFor(call));
  TRY_ASSIGN(std::string text,
             ReadFile(call.positional(), seal::Envelope::kBytesMax));
  auto envelope = seal::ParseEnvelope(text);
  if (!envelope.ok())
    return std::move(envelope).error().Within(call.positional());
  if (envelope->payload_type != scan::kStatementPayloadType) {
    return Error(Code::kInvalid,
                 fmt::format("{}: holds {}, no in-toto statement",
                             call.positional(), envelope->payload_type));
  }
  Checked checked;
  // What is not signed is not read.
  Status signature = seal::CheckEnvelope(*envelope, key);
  scan::Statement statement;
  if (signature.ok()) {
    auto parsed = scan::ParseStatement(envelope->payload);
    if (!parsed.ok())
      return std::move(parsed).error().Within(call.positional());
    statement = *std::move(parsed);
    if (call.Has("--corpus"))
      TRY(CheckCorpus(call.Text("--corpus"), call.Text("--rev"), statement,
                      &checked));
  } else {
    checked.signature = signature.error().message();
  }
  if (call.json()) {
    PrintJson(key, statement, checked);
  } else {
    PrintWords(key, statement, checked);
  }
  return checked.signature.empty() && checked.corpus.empty() ? 0 : 1;
}

}  // namespace

std::vector<Command> VerifyCommands() {
  return {
      {"verify",
       "check what a scan stated of a corpus (scan --attest); exit 1 if it "
       "does "
       "not hold",
       {{"FILE", Count::kOne, "the signed statement"}},
       {{"--corpus", Takes::kText, "compare this file or folder with it"},
        {"--rev", Takes::kText,
         "with --corpus: the revision of this repository or folder"},
        {"--key", Takes::kText,
         "whose signature is believed: a public key or its file; scan.pub in "
         "the data folder if absent"},
        {"--json", Takes::kNothing, "print JSON"}},
       false,
       Verify},
  };
}

}  // namespace cofferdam::cli
