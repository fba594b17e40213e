#include "cli/login_sso.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/base64.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "cli/browser.h"
#include "cli/context.h"
#include "cli/login_redirect.h"
#include "policy/oidc_address.h"
#include "seal/hash.h"

namespace cofferdam::cli {
namespace {

constexpr int64_t kPersonTimeoutMs = 300'000;
constexpr int64_t kSlowerS = 5;  // RFC 8628, 3.5
constexpr int64_t kIntervalMaxS = 60;

using policy::FormEncoded;

// 256 random bits as 43 characters that need no encoding.
std::string Secret(Random& random) {
  std::array<uint8_t, 32> bytes;
  random.Fill(bytes);
  return ToBase64(bytes, Base64::kUrl);
}

// What goes to a terminal or a browser must be an address and nothing else.
Result<std::string> CheckedAddress(std::string_view url) {
  auto address = policy::OidcAddress::Parse(url);
  if (!address.ok()) {
    return Error(Code::kInvalid,
                 "the server names an address that cannot be opened: " +
                     address.error().message());
  }
  return std::string(url);
}

Result<SsoKey> ReadKey(const JsonDocument& json) {
  SsoKey key;
  key.secret = json["secret"].StringOrEmpty();
  key.role = json["role"].StringOrEmpty();
  key.person = json["person"].StringOrEmpty();
  key.team = json["team"].StringOrEmpty();
  key.expires_at = json["expires_at"].StringOrEmpty();
  if (key.secret.empty()) {
    return Error(Code::kInternal, "the server's answer holds no key");
  }
  return key;
}

Result<SsoKey> SignInHere(const Login& where, const SsoLogin& how,
                          const JsonDocument& sso, Random& random) {
  TRY_ASSIGN(std::string url,
             CheckedAddress(sso["authorization_endpoint"].StringOrEmpty()));
  const std::string state = Secret(random);
  const std::string nonce = Secret(random);
  const std::string verifier = Secret(random);
  TRY_ASSIGN(
      auto redirect,
      LoginRedirect::Listen(state, std::string(sso["issuer"].StringOrEmpty())));
  const std::string challenge = ToBase64(seal::Sha256(verifier), Base64::kUrl);
  url += fmt::format(
      "{}response_type=code&client_id={}&redirect_uri={}&scope={}&state={}"
      "&nonce={}&code_challenge={}&code_challenge_method=S256",
      url.find('?') == std::string::npos ? "?" : "&",
      FormEncoded(sso["client_id"].StringOrEmpty()),
      FormEncoded(redirect->uri()), FormEncoded(sso["scope"].StringOrEmpty()),
      state, nonce, challenge);
  const bool opened = how.way == SsoLogin::Way::kBrowser && OpenBrowser(url);
  Say(fmt::format(
      "{} to sign in, on this machine:\n\n  {}\n",
      opened ? "Your browser should show this address" : "Open this address",
      url));
  if (!opened) {
    Say("On a machine without a browser, use --device. Waiting…");
  }
  auto code = redirect->Wait(kPersonTimeoutMs);
  if (!code.ok()) return std::move(code).error().Within("sign-in");
  JsonWriter body;
  body.BeginObject()
      .Field("code", *code)
      .Field("code_verifier", verifier)
      .Field("nonce", nonce)
      .Field("redirect_uri", redirect->uri())
      .FieldIfSet("role", how.role)
      .EndObject();
  TRY_ASSIGN(const std::string answer,
             CallSso(where, "POST", "sso/key", body.text()));
  TRY_ASSIGN(const JsonDocument json, JsonDocument::Parse(answer));
  return ReadKey(json);
}

// Whether asking again later may help.
bool MayPass(Code code) {
  return code == Code::kUnavailable || code == Code::kDeadline ||
         code == Code::kExhausted;
}

Result<SsoKey> SignInElsewhere(const Login& where, const SsoLogin& how) {
  TRY_ASSIGN(const std::string begun,
             CallSso(where, "POST", "sso/device", "{}"));
  TRY_ASSIGN(const JsonDocument grant, JsonDocument::Parse(begun));
  TRY_ASSIGN(const std::string address,
             CheckedAddress(grant["verification_uri"].StringOrEmpty()));
  std::string user_code(grant["user_code"].StringOrEmpty());
  for (char& c : user_code) {
    if (c < 0x20 || c >= 0x7f) c = '?';
  }
  Say(
      fmt::format("On any device, open this address and enter the code {}:\n\n"
                  "  {}\n",
                  user_code, address));
  auto complete =
      CheckedAddress(grant["verification_uri_complete"].StringOrEmpty());
  if (complete.ok()) {
    Say(fmt::format("Or open this one, which holds the code:\n\n  {}\n",
                    *complete));
  }
  Say("Enter it only if you started this sign-in yourself. Waiting…");
  JsonWriter body;
  body.BeginObject()
      .Field("device_code", grant["device_code"].StringOrEmpty())
      .FieldIfSet("role", how.role)
      .EndObject();
  const Clock& clock = SystemClock();
  const int64_t end = clock.SteadyMicros() +
                      grant["expires_in_s"].Int().value_or(0) * 1'000'000;
  int64_t interval_s = std::clamp<int64_t>(
      grant["interval_s"].Int().value_or(kSlowerS), 1, kIntervalMaxS);
  while (clock.SteadyMicros() < end) {
    std::this_thread::sleep_for(std::chrono::seconds(interval_s));
    auto answer = CallSso(where, "POST", "sso/device/key", body.text());
    if (!answer.ok()) {
      if (!MayPass(answer.error().code())) return std::move(answer).error();
      interval_s = std::min(interval_s + kSlowerS, kIntervalMaxS);
      continue;
    }
    TRY_ASSIGN(const JsonDocument json, JsonDocument::Parse(*answer));
    if (json["pending"].Bool() != true) return ReadKey(json);
    if (json["slower"].Bool() == true) {
      interval_s = std::min(interval_s + kSlowerS, kIntervalMaxS);
    }
  }
  return Error(Code::kDeadline, "sign-in: nobody entered the code in time");
}

}  // namespace

Result<SsoKey> SignInBySso(const Login& where, const SsoLogin& how,
                           Random& random) {
  TRY_ASSIGN(const std::string described, CallSso(where, "GET", "sso", ""));
  TRY_ASSIGN(const JsonDocument sso, JsonDocument::Parse(described));
  if (how.way == SsoLogin::Way::kDevice) return SignInElsewhere(where, how);
  return SignInHere(where, how, sso, random);
}

}  // namespace cofferdam::cli
