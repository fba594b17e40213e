#include "seal/dsse.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/encoding.h"
#include "base/json.h"

namespace cofferdam::seal {
namespace {

Error Wrong(std::string_view what) {
  return Error(Code::kInvalid, fmt::format("signed envelope: {}", what));
}

// Producers choose the alphabet, and whether the URL-safe one is padded.
std::optional<std::string> ReadBase64(std::string_view text) {
  if (text.find_first_of("-_") == std::string_view::npos)
    return FromBase64(text, Base64::kStandard);
  while (text.ends_with('=')) text.remove_suffix(1);
  return FromBase64(text, Base64::kUrl);
}

std::string KeyId(const PublicKey& key) {
  return fmt::format("{}+{:08x}", key.name(), key.id());
}

}  // namespace

std::string PreAuthentication(std::string_view payload_type,
                              std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type,
                     payload.size(), payload);
}

std::string WriteEnvelope(std::string_view payload_type,
                          std::string_view payload, const SigningKey& key) {
  CHECK(!payload_type.empty());
  const Signature signature =
      key.Sign(PreAuthentication(payload_type, payload));
  JsonWriter writer;
  writer.BeginObject()
      .Field("payload", ToBase64(AsBytes(payload), Base64::kStandard))
      .Field("payloadType", payload_type)
      .Key("signatures")
      .BeginArray()
      .BeginObject()
      .Field("keyid", KeyId(key.public_key()))
      .Field("sig", ToBase64(signature, Base64::kStandard))
      .EndObject()
      .EndArray()
      .EndObject();
  return std::move(writer).Take();
}

Result<Envelope> ParseEnvelope(std::string_view json) {
  if (json.size() > Envelope::kBytesMax) {
    return Error(Code::kTooLarge, fmt::format("signed envelope: over {} bytes",
                                              Envelope::kBytesMax));
  }
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok())
    return std::move(document).error().Within("signed envelope");
  const auto type = (*document)["payloadType"].String();
  const auto payload = (*document)["payload"].String();
  const JsonValue signatures = (*document)["signatures"];
  if (!type || type->empty()) return Wrong("has no payloadType");
  if (!payload) return Wrong("has no payload");
  if (!signatures.is_array()) return Wrong("has no signatures");
  auto bytes = ReadBase64(*payload);
  if (!bytes) return Wrong("payload: is not base 64");
  Envelope out;
  out.payload_type = *type;
  out.payload = *std::move(bytes);
  for (const JsonValue& one : signatures.Elements()) {
    if (out.signatures.size() == Envelope::kSignaturesMax) {
      return Error(Code::kTooLarge,
                   fmt::format("signed envelope: over {} signatures",
                               Envelope::kSignaturesMax));
    }
    const auto text = one["sig"].String();
    auto signature = text ? ReadBase64(*text) : std::nullopt;
    if (!signature) return Wrong("a sig is not there, or not base 64");
    out.signatures.push_back(
        {std::string(one["keyid"].StringOrEmpty()), *std::move(signature)});
  }
  return out;
}

Status CheckEnvelope(const Envelope& envelope, const PublicKey& key) {
  const std::string message =
      PreAuthentication(envelope.payload_type, envelope.payload);
  std::string ids;
  for (const Envelope::Signed& one : envelope.signatures) {
    Signature signature;
    if (one.signature.size() == signature.size()) {
      std::copy(one.signature.begin(), one.signature.end(), signature.begin());
      if (key.Verifies(message, signature)) return {};
    }
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ",
                       one.key_id.empty() ? "(no id)" : one.key_id);
  }
  return Error(
      Code::kDenied,
      fmt::format("signed envelope: not signed by {}, or changed since; its "
                  "signatures say: {}",
                  KeyId(key), ids.empty() ? "nothing" : ids));
}

}  // namespace cofferdam::seal
