#include "policy/sso.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "policy/names.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kMicrosPerHour = int64_t{3600} * 1'000'000;
// RFC 7636, 4.1: letters, digits and -._~, 43 to 128 of them.
constexpr size_t kVerifierBytesMin = 43;
constexpr size_t kVerifierBytesMax = 128;
constexpr size_t kNonceBytesMin = 22;  // 128 bits in base64url
constexpr size_t kRedirectBytesMax = 256;

// Which role a sign-in at the administration gives where none is asked for.
constexpr Role kMostFirst[] = {Role::kOwner, Role::kOperator, Role::kApprover,
                               Role::kViewer, Role::kReader};

Error Bad(std::string_view name, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("{}: {}", name, why));
}

Result<std::string_view> Text(const JsonDocument& body, std::string_view name,
                              size_t min, size_t max) {
  const JsonValue value = body[name];
  if (value.present() && !value.is_string()) {
    return Bad(name, "must be a string");
  }
  const std::string_view text = value.StringOrEmpty();
  if (text.size() < min || text.size() > max) {
    return Bad(name, fmt::format("must have {} to {} bytes", min, max));
  }
  return text;
}

// A text of ours, of characters that need no encoding.
Result<std::string_view> PlainText(const JsonDocument& body,
                                   std::string_view name, size_t min) {
  TRY_ASSIGN(const std::string_view text,
             Text(body, name, min, kVerifierBytesMax));
  if (FormEncoded(text) != text) {
    return Bad(name, "must be of letters, digits and -._~");
  }
  return text;
}

Result<std::optional<Role>> ReadRole(const JsonDocument& body, SsoDoor door) {
  TRY_ASSIGN(const std::string_view name, Text(body, "role", 0, 64));
  if (name.empty()) return std::optional<Role>();
  const std::optional<Role> role = ParseRole(name);
  if (!role) {
    return Bad("role", fmt::format("unknown, must be {}", RoleNames()));
  }
  if ((*role == Role::kEngineer) != (door == SsoDoor::kGate)) {
    return Bad("role",
               door == SsoDoor::kGate
                   ? "the gate gives engineer keys; the other roles are had at "
                     "the administration's address"
                   : "engineer keys are had at the gate's address");
  }
  return role;
}

std::string DomainOf(std::string_view email) {
  return std::string(email.substr(email.find('@') + 1));
}

bool Holds(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// What the groups are worth. Nothing for an address of another domain.
std::vector<Role> RolesOf(const SsoOptions& options, std::string_view email,
                          const std::vector<std::string>& groups) {
  std::vector<Role> roles;
  if (!options.domains.empty() && !Holds(options.domains, DomainOf(email))) {
    return roles;
  }
  bool engineers_named = false;
  for (const auto& [group, role] : options.roles) {
    engineers_named = engineers_named || role == Role::kEngineer;
    if (!Holds(groups, group)) continue;
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) {
      roles.push_back(role);
    }
  }
  if (!engineers_named && !options.domains.empty()) {
    roles.push_back(Role::kEngineer);
  }
  return roles;
}

std::string TeamOf(const SsoOptions& options,
                   const std::vector<std::string>& groups) {
  for (const auto& [group, team] : options.teams) {
    if (Holds(groups, group)) return team;
  }
  return options.team;
}

// The role to give: the one that is asked for, else the most.
std::optional<Role> Choose(SsoDoor door, std::optional<Role> wanted,
                           const std::vector<Role>& roles) {
  auto may = [&](Role role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  if (!wanted && door == SsoDoor::kGate) wanted = Role::kEngineer;
  if (wanted) return may(*wanted) ? wanted : std::nullopt;
  for (Role role : kMostFirst) {
    if (may(role)) return role;
  }
  return std::nullopt;
}

// The verified address of the person.
Result<std::string> AddressOf(const SsoOptions& options,
                              const PersonClaims& person) {
  if (!person.email) {
    return Error(Code::kDenied,
                 fmt::format("email: the provider names none in \"{}\"; do "
                             "`scopes` and `email_claim` ask for it?",
                             options.email_claim));
  }
  if (!person.email_verified.value_or(options.addresses_are_verified)) {
    return Error(Code::kDenied,
                 person.email_verified
                     ? "email_verified: the provider says that the address is "
                       "not verified"
                     : "email_verified: the provider does not say; see "
                       "`addresses_are_verified`");
  }
  auto email = NormaliseEmail(*person.email);
  if (!email.ok()) return Error(Code::kDenied, "email: not an address");
  return email;
}

std::string KeyJson(const CreatedKey& created, std::string_view team) {
  JsonWriter json;
  json.BeginObject()
      .Field("secret", created.secret)
      .Field("prefix", created.key.prefix)
      .Field("role", RoleName(created.key.role))
      .Field("person", created.key.email)
      .Field("team", team)
      .Field("expires_at",
             FormatTime(created.key.expires_at_micros.value_or(0)))
      .EndObject();
  return std::move(json).Take();
}

// What to do, for whoever signs in.
std::string Advice(Code code, std::string_view reference) {
  switch (code) {
    case Code::kDenied:
      return fmt::format(
          "your account is not among those that may sign in "
          "here for this; ask your platform team, and give "
          "them the reference {}",
          reference);
    case Code::kConflict:
      return fmt::format(
          "your address belongs to another account here; ask "
          "your platform team, and give them the reference {}",
          reference);
    case Code::kNotFound:
      return fmt::format(
          "you are in no team that is known here; ask your "
          "platform team, and give them the reference {}",
          reference);
    case Code::kUnauthenticated:
      return fmt::format(
          "this sign-in could not be checked; sign in again, "
          "and if it happens again give your platform team the "
          "reference {}",
          reference);
    case Code::kInvalid:
      return fmt::format(
          "single sign-on is not set up right here; give your "
          "platform team the reference {}",
          reference);
    default:
      return fmt::format(
          "the sign-in provider, or the store, cannot be asked "
          "now; try again in a moment (reference {})",
          reference);
  }
}

// A configuration that is wrong is no fault of who asks.
Code ToldAs(Code code) {
  switch (code) {
    case Code::kDenied:
    case Code::kConflict:
    case Code::kUnauthenticated:
      return code;
    case Code::kNotFound:
      return Code::kDenied;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

SingleSignOn::SingleSignOn(Store& store, const Clock& clock, Random& random,
                           const Logger& logger,
                           std::function<OidcFetch(std::string)> fetch)
    : store_(store),
      clock_(clock),
      logger_(logger),
      fetch_(std::move(fetch)),
      references_(clock, random),
      workers_(kThreads, kWaitingMax) {}

SingleSignOn::~SingleSignOn() { stopping_ = true; }

void SingleSignOn::SetOptions(std::optional<SsoOptions> options) {
  std::lock_guard lock(mutex_);
  if (!options) {
    provider_.reset();
  } else if (provider_ == nullptr || provider_->options != *options) {
    auto ask = [this, fetch = fetch_(options->ca_file)](
                   const OidcAddress& address, const http::RequestHead& head,
                   std::string_view body) -> Result<http::Response> {
      if (stopping_) {
        return Error(Code::kUnavailable, "provider: the server is stopping");
      }
      return fetch(address, head, body);
    };
    provider_ = std::make_shared<Provider>(*options, clock_, std::move(ask));
  }
}

bool SingleSignOn::Owns(std::string_view name) {
  return name == "sso" || name.starts_with("sso/");
}

Status SingleSignOn::Submit(SsoDoor door, SsoCall call,
                            std::function<void(Result<std::string>)> answer) {
  return workers_.Submit(
      [this, door, call = std::move(call), answer = std::move(answer)] {
        answer(Serve(door, call));
      });
}

Result<std::string> SingleSignOn::Serve(SsoDoor door, const SsoCall& call) {
  std::shared_ptr<Provider> provider;
  {
    std::lock_guard lock(mutex_);
    provider = provider_;
  }
  if (provider == nullptr) {
    return Error(Code::kNotFound,
                 "there is no single sign-on here; log in with a key that your "
                 "platform team gives you");
  }
  if (call.method == "GET" && call.name == "sso") {
    auto described = Describe(*provider);
    if (!described.ok()) return Refused(door, described.error());
    return described;
  }
  const bool post = call.method == "POST";
  if (post && call.name == "sso/device") {
    auto begun = BeginDevice(*provider);
    if (!begun.ok() && begun.error().code() != Code::kNotFound) {
      return Refused(door, begun.error());
    }
    return begun;
  }
  const bool code = post && call.name == "sso/key";
  const bool device = post && call.name == "sso/device/key";
  if (!code && !device) {
    return Error(Code::kNotFound,
                 fmt::format("no such call: {} {}", call.method, call.name));
  }
  auto body = JsonDocument::Parse(call.body);
  if (!body.ok()) return std::move(body).error().Within("request body");
  return code ? RedeemCode(*provider, door, *body)
              : RedeemDevice(*provider, door, *body);
}

Result<std::string> SingleSignOn::Describe(Provider& provider) {
  TRY_ASSIGN(auto metadata, provider.oidc.Discover());
  const SsoOptions& options = provider.options;
  std::string scope;
  for (const std::string& name : options.scopes) {
    scope += scope.empty() ? name : " " + name;
  }
  JsonWriter json;
  json.BeginObject()
      .Field("issuer", options.issuer)
      .Field("client_id", options.client_id)
      .Field("authorization_endpoint", metadata->authorization_endpoint)
      .Field("scope", scope)
      .Field("device", metadata->device_authorization.has_value())
      .EndObject();
  return std::move(json).Take();
}

Result<std::string> SingleSignOn::BeginDevice(Provider& provider) {
  TRY_ASSIGN(const DeviceGrant grant, provider.oidc.BeginDevice());
  JsonWriter json;
  json.BeginObject()
      .Field("device_code", grant.device_code)
      .Field("user_code", grant.user_code)
      .Field("verification_uri", grant.verification_uri)
      .FieldIfSet("verification_uri_complete", grant.verification_uri_complete)
      .Field("expires_in_s", grant.expires_in_s)
      .Field("interval_s", grant.interval_s)
      .EndObject();
  return std::move(json).Take();
}

Result<std::string> SingleSignOn::RedeemCode(Provider& provider, SsoDoor door,
                                             const JsonDocument& body) {
  TRY_ASSIGN(const std::string_view code,
             Text(body, "code", 1, OidcProvider::kCodeBytesMax));
  TRY_ASSIGN(const std::string_view verifier,
             PlainText(body, "code_verifier", kVerifierBytesMin));
  TRY_ASSIGN(const std::string_view nonce,
             PlainText(body, "nonce", kNonceBytesMin));
  TRY_ASSIGN(const std::string_view redirect,
             Text(body, "redirect_uri", 1, kRedirectBytesMax));
  const auto address = OidcAddress::Parse(redirect);
  if (!address.ok() || !redirect.starts_with("http://")) {
    return Bad("redirect_uri", "must be http on loopback");
  }
  TRY_ASSIGN(const std::optional<Role> role, ReadRole(body, door));
  auto give = [&]() -> Result<std::string> {
    TRY_ASSIGN(const OidcTokens tokens,
               provider.oidc.Redeem(code, verifier, redirect));
    return GiveKey(provider, {door, role}, tokens, nonce);
  };
  auto given = give();
  if (!given.ok()) return Refused(door, given.error());
  return given;
}

Result<std::string> SingleSignOn::RedeemDevice(Provider& provider, SsoDoor door,
                                               const JsonDocument& body) {
  TRY_ASSIGN(const std::string_view device_code,
             Text(body, "device_code", 1, OidcProvider::kCodeBytesMax));
  TRY_ASSIGN(const std::optional<Role> role, ReadRole(body, door));
  auto give = [&]() -> Result<std::string> {
    bool slower = false;
    TRY_ASSIGN(const std::optional<OidcTokens> tokens,
               provider.oidc.PollDevice(device_code, &slower));
    if (tokens) return GiveKey(provider, {door, role}, *tokens, std::nullopt);
    JsonWriter json;
    json.BeginObject()
        .Field("pending", true)
        .Field("slower", slower)
        .EndObject();
    return std::move(json).Take();
  };
  auto given = give();
  if (!given.ok()) return Refused(door, given.error());
  return given;
}

Result<std::string> SingleSignOn::GiveKey(
    Provider& provider, const Wanted& wanted, const OidcTokens& tokens,
    std::optional<std::string_view> nonce) {
  const SsoOptions& options = provider.options;
  TRY_ASSIGN(const IdClaims claims, provider.oidc.Check(tokens, nonce));
  SignIn sign_in;
  sign_in.who = {options.issuer, claims.subject};
  const std::vector<std::string> groups =
      claims.person.groups.value_or(std::vector<std::string>());
  auto email = AddressOf(options, claims.person);
  const std::vector<Role> roles =
      email.ok() ? RolesOf(options, *email, groups) : std::vector<Role>();
  const std::optional<Role> role = Choose(wanted.door, wanted.role, roles);
  if (!role) {
    // Who may be less now than before keeps no key of before.
    TRY(store_.sign_ins().Withdraw(sign_in.who, roles));
    TRY(email);
    return Error(Code::kDenied,
                 fmt::format("roles: subject {} has no group that gives what "
                             "was asked for, or is of another domain; the "
                             "provider names {} groups in \"{}\"",
                             SubjectName(sign_in.who), groups.size(),
                             options.groups_claim));
  }
  sign_in.email = *email;
  sign_in.team = TeamOf(options, groups);
  sign_in.role = *role;
  sign_in.roles = roles;
  sign_in.once = nonce ? fmt::format("nonce\n{}\n{}", options.issuer, *nonce)
                       : fmt::format("token\n{}", tokens.id_token);
  sign_in.once_until_micros =
      (claims.expires_at_s + kClockSkewS + 1) * 1'000'000;
  sign_in.key_lifetime_micros = options.key_lifetime_h * kMicrosPerHour;
  TRY_ASSIGN(const CreatedKey created, store_.sign_ins().Take(sign_in));
  const auto person = store_.directory()->FindPerson(created.key.person_id);
  logger_.Info("sso_signed_in",
               {{"door", wanted.door == SsoDoor::kGate ? "gate" : "admin"},
                {"person", created.key.person_id},
                {"subject", SubjectName(sign_in.who)},
                {"role", RoleName(created.key.role)}});
  return KeyJson(created, person ? person->team : "");
}

Error SingleSignOn::Refused(SsoDoor door, const Error& error) {
  const std::string reference = references_.Next().ToString();
  logger_.Warning("sso_refused",
                  {{"reference", reference},
                   {"door", door == SsoDoor::kGate ? "gate" : "admin"},
                   {"code", CodeName(error.code())},
                   {"reason", error.message()}});
  return Error(ToldAs(error.code()), Advice(error.code(), reference));
}

}  // namespace cofferdam::policy
