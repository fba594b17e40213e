#include "console/import_line.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/encoding.h"
#include "base/rfc3339.h"
#include "policy/names.h"
#include "seal/hash.h"

namespace cofferdam::console {
namespace {

constexpr double kMicrosPerSecond = 1e6;
// Numbers of seconds from here on are milliseconds: the year 5138.
constexpr double kSecondsEnd = 1e11;
constexpr double kMillisecondsEnd = 1e14;
constexpr size_t kDigestCharacters = 32;

Error Invalid(std::string_view member, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("{}: {}", member, why));
}

// An output's members, or what was said of all.
class Members {
 public:
  Members(const JsonValue& output, const JsonValue& defaults)
      : output_(output), defaults_(defaults) {}

  // A null is as good as absent: exporters write those.
  JsonValue operator[](std::string_view name) const {
    const JsonValue own = output_[name];
    const bool there = own.present() && own.type() != JsonValue::Type::kNull;
    return there ? own : defaults_[name];
  }
  // Empty when absent.
  Result<std::string_view> Text(std::string_view name) const {
    const JsonValue value = (*this)[name];
    if (!value.present() || value.type() == JsonValue::Type::kNull) {
      return std::string_view();
    }
    if (auto text = value.String()) return *text;
    return Invalid(name, "must be a string");
  }
  // A short one.
  Result<std::string> Name(std::string_view name) const {
    TRY_ASSIGN(const std::string_view text, Text(name));
    if (text.size() > kImportNameBytesMax) {
      return Invalid(
          name, fmt::format("must be at most {} bytes", kImportNameBytesMax));
    }
    return std::string(text);
  }
  Result<std::string> Needed(std::string_view name) const {
    TRY_ASSIGN(std::string text, Name(name));
    if (text.empty()) return Invalid(name, "is missing");
    return text;
  }

 private:
  JsonValue output_;
  JsonValue defaults_;
};

// 0 where nothing is said.
Result<int64_t> TimeOf(const Members& members) {
  const JsonValue value = members["time"];
  if (auto seconds = value.Double()) {
    const double micros =
        *seconds * (*seconds >= kSecondsEnd ? 1e3 : kMicrosPerSecond);
    if (*seconds >= 0 && *seconds < kMillisecondsEnd) {
      return static_cast<int64_t>(std::llround(micros));
    }
    return Invalid("time", "must be seconds or milliseconds since 1970");
  }
  TRY_ASSIGN(const std::string_view text, members.Text("time"));
  if (text.empty()) return 0;
  auto micros = ParseRfc3339(text);
  if (!micros.ok()) return std::move(micros).error().Within("time");
  return micros;
}

// A file of no name in that language, so that it is read as such.
std::string_view PathOfLanguage(std::string_view language) {
  static constexpr std::pair<std::string_view, std::string_view> kPaths[] = {
      {"python", "untitled.py"},     {"py", "untitled.py"},
      {"java", "untitled.java"},     {"javascript", "untitled.js"},
      {"js", "untitled.js"},         {"jsx", "untitled.jsx"},
      {"typescript", "untitled.ts"}, {"ts", "untitled.ts"},
      {"tsx", "untitled.tsx"},       {"go", "untitled.go"},
      {"golang", "untitled.go"},     {"rust", "untitled.rs"},
      {"c", "untitled.c"},           {"c++", "untitled.cc"},
      {"cpp", "untitled.cc"},        {"c#", "untitled.cs"},
      {"csharp", "untitled.cs"},     {"kotlin", "untitled.kt"},
      {"swift", "untitled.swift"},   {"scala", "untitled.scala"},
      {"php", "untitled.php"},       {"ruby", "untitled.rb"},
      {"shell", "untitled.sh"},      {"bash", "untitled.sh"},
      {"sh", "untitled.sh"},         {"sql", "untitled.sql"},
      {"html", "untitled.html"},     {"css", "untitled.css"},
      {"lua", "untitled.lua"},       {"haskell", "untitled.hs"},
      {"r", "untitled.r"},           {"julia", "untitled.jl"},
      {"perl", "untitled.pl"},       {"dart", "untitled.dart"}};
  std::string lower(language);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const auto& [name, path] : kPaths) {
    if (name == lower) return path;
  }
  return "";
}

Result<wire::Part> ReadPart(const Members& members) {
  wire::Part part;
  TRY_ASSIGN(const std::string_view text, members.Text("text"));
  if (text.empty()) return Invalid("text", "is missing");
  TRY_ASSIGN(const std::string_view path, members.Text("path"));
  TRY_ASSIGN(const std::string_view kind, members.Text("kind"));
  TRY_ASSIGN(const std::string_view language, members.Text("language"));
  part.text = text;
  part.path = path.empty() ? PathOfLanguage(language) : path;
  if (kind.empty()) {
    part.kind =
        part.path.empty() ? wire::PartKind::kText : wire::PartKind::kFile;
    return part;
  }
  const auto parsed = wire::ParsePartKind(kind);
  if (!parsed || *parsed == wire::PartKind::kToolInput) {
    return Invalid("kind",
                   "must be text, thinking, file, edit, patch or command");
  }
  part.kind = *parsed;
  return part;
}

// As a request body of Chat Completions, which the indexer reads.
Result<std::string> ReadPrompt(const Members& members) {
  const JsonValue prompt = members["prompt"];
  if (!prompt.present() || prompt.type() == JsonValue::Type::kNull) {
    return std::string();
  }
  if (!prompt.is_string() && !prompt.is_array()) {
    return Invalid("prompt", "must be a string or an array of messages");
  }
  JsonWriter body;
  body.BeginObject().Key("messages");
  if (prompt.is_array()) {
    body.Value(prompt);
  } else {
    body.BeginArray()
        .BeginObject()
        .Field("role", "user")
        .Field("content", prompt.StringOrEmpty())
        .EndObject()
        .EndArray();
  }
  body.EndObject();
  return std::move(body).Take();
}

Result<ledger::Terms> ReadTerms(const ledger::Origin& origin,
                                const ImportDefaults& defaults,
                                const ImportRooms& rooms, int64_t micros) {
  auto known = rooms.contracts.Find(origin.contract);
  if (known.ok()) return rooms.contracts.TermsAt(**known, micros);
  if (!defaults.terms) {
    return std::move(known).error().Within("contract");
  }
  policy::Contract stated = *defaults.terms;
  stated.name = origin.contract;
  const bool service = !stated.terms_class && stated.weights.empty();
  if (service) stated.provider = origin.provider;
  if (service && rooms.contracts.terms) {
    TRY(rooms.contracts.terms->CheckContract(stated));
  }
  return rooms.contracts.TermsAt(stated, micros);
}

Status ReadOrigin(const Members& members, const ImportDefaults& defaults,
                  const ImportRooms& rooms, int64_t micros,
                  ImportedOutput* out) {
  ledger::Exchange& exchange = out->draft.exchange;
  ledger::Origin& origin = exchange.origin;
  TRY_ASSIGN(origin.contract, members.Needed("contract"));
  TRY_ASSIGN(origin.provider, members.Name("provider"));
  const auto contract = rooms.contracts.Find(origin.contract);
  if (origin.provider.empty() && contract.ok()) {
    origin.provider = (*contract)->provider;
  }
  if (origin.provider.empty()) return Invalid("provider", "is missing");
  TRY_ASSIGN(origin.model, members.Needed("model"));
  origin.model_requested = origin.model;
  TRY_ASSIGN(origin.terms, ReadTerms(origin, defaults, rooms, micros));

  TRY_ASSIGN(origin.tool, members.Name("tool"));
  TRY_ASSIGN(const std::string_view repo, members.Text("repo"));
  TRY_ASSIGN(origin.repo, policy::NormaliseRepo(repo));
  TRY_ASSIGN(origin.purpose, members.Name("purpose"));
  if (!origin.purpose.empty()) TRY(policy::CheckPurpose(origin.purpose));
  TRY_ASSIGN(const std::string email, members.Name("person"));
  if (!email.empty()) {
    origin.person = rooms.person_id(email);
    out->person_unknown = origin.person.empty();
  }
  const bool says = !origin.tool.empty() || !origin.repo.empty() ||
                    !origin.purpose.empty() || !origin.person.empty();
  exchange.identity =
      says ? ledger::IdentityGrade::kAgent : ledger::IdentityGrade::kNone;
  return {};
}

// Of everything that makes two outputs the same one.
std::string SessionOf(const ledger::ExchangeDraft& draft) {
  const wire::Part& part = draft.parts.front();
  const ledger::Origin& origin = draft.exchange.origin;
  std::string fields;
  for (std::string_view field :
       {std::string_view(origin.provider), std::string_view(origin.model),
        std::string_view(origin.contract),
        std::string_view(draft.pending_prompt), wire::PartKindName(part.kind),
        std::string_view(part.path), std::string_view(part.text)}) {
    AppendBigEndian64(field.size(), &fields);
    fields += field;
  }
  const seal::Digest digest = seal::Sha256(fields);
  return "import:" + ToHex(digest).substr(0, kDigestCharacters);
}

}  // namespace

Result<ImportedOutput> ReadImportLine(const JsonValue& output,
                                      const ImportDefaults& defaults,
                                      const ImportRooms& rooms,
                                      const Ulid& id) {
  if (!output.is_object()) {
    return Error(Code::kInvalid, "must be a JSON object");
  }
  const Members members(output, defaults.members);
  ImportedOutput out;
  ledger::Exchange& exchange = out.draft.exchange;
  exchange.id = id;
  exchange.route = ledger::Route::kImport;
  TRY_ASSIGN(exchange.times.received, TimeOf(members));
  // Of one whose time nobody says, all that is known is that it is over.
  exchange.times.finished =
      exchange.times.received != 0 ? exchange.times.received : rooms.now_micros;
  TRY(ReadOrigin(members, defaults, rooms, exchange.times.finished, &out));
  TRY_ASSIGN(exchange.provider_response_id, members.Name("id"));
  TRY_ASSIGN(exchange.session, members.Name("session"));
  TRY_ASSIGN(wire::Part part, ReadPart(members));
  out.draft.parts.push_back(std::move(part));
  TRY_ASSIGN(out.draft.pending_prompt, ReadPrompt(members));
  out.draft.protocol = wire::Protocol::kOpenAiChat;
  if (exchange.provider_response_id.empty() && exchange.session.empty()) {
    exchange.session = SessionOf(out.draft);
  }
  return out;
}

}  // namespace cofferdam::console
