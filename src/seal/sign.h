#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

// Ed25519 (RFC 8032) keys with a name, in the text forms of signed notes
// (docs/formats/checkpoint.md).
namespace cofferdam::seal {

using Signature = std::array<uint8_t, 64>;

// Whose signature is believed. Plain data.
class PublicKey {
 public:
  // "NAME+ID+BASE64": ID are the 8 hexadecimal digits of id(), BASE64 is of the
  // byte 01 and the key. kInvalid for anything else.
  static Result<PublicKey> Parse(std::string_view text);
  std::string ToText() const;

  const std::string& name() const { return name_; }
  // The first four bytes of SHA-256 of name, line feed, 01 and key: a hint
  // which key signed, no proof.
  uint32_t id() const;

  // Whether this key signed exactly `message`.
  bool Verifies(std::string_view message, const Signature& signature) const;

  bool operator==(const PublicKey&) const = default;

 private:
  friend class SigningKey;
  PublicKey(std::string name, const std::array<uint8_t, 32>& key)
      : name_(std::move(name)), key_(key) {}

  std::string name_;
  std::array<uint8_t, 32> key_;
};

// The secret half. Never logged; ToText is for its file alone. Signing is
// deterministic and may be done from any thread.
class SigningKey {
 public:
  // `name`: at most kNameBytesMax bytes of UTF-8 without white space and "+"
  // (kInvalid).
  static Result<SigningKey> Make(std::string_view name, Random& random);
  // "PRIVATE+KEY+NAME+ID+BASE64"; kInvalid, without the text.
  static Result<SigningKey> Parse(std::string_view text);
  std::string ToText() const;

  // The key in the file `path`, which holds ToText and a line feed. If there
  // is none: made with the name "PREFIX-" and 8 random hexadecimal digits, and
  // stored with mode 0600. kDenied for a file that others may read or write,
  // kInvalid for one that holds no key, else as for files.
  static Result<SigningKey> Open(const std::string& path,
                                 std::string_view prefix, Random& random);

  const PublicKey& public_key() const { return public_key_; }
  Signature Sign(std::string_view message) const;

  static constexpr size_t kNameBytesMax = 256;

 private:
  SigningKey(const std::array<uint8_t, 32>& seed, PublicKey public_key)
      : seed_(seed), public_key_(std::move(public_key)) {}
  static Result<SigningKey> FromSeed(std::string_view name,
                                     const std::array<uint8_t, 32>& seed);

  std::array<uint8_t, 32> seed_;
  PublicKey public_key_;
};

}  // namespace cofferdam::seal
