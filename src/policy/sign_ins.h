#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/directory.h"
#include "policy/records.h"
#include "policy/role.h"
#include "seal/hash.h"

namespace cofferdam::policy {

struct Storage;
struct CreatedKey;

// Whom the provider vouches for. Issuer and subject bind a person for good.
struct ProviderSubject {
  std::string issuer;
  std::string subject;
};

// A sign-in whose token has been checked, and what it is worth.
struct SignIn {
  ProviderSubject who;
  std::string email;  // verified
  std::string team;   // empty: the person's own
  // The role of the key that is asked for; one of `roles`.
  Role role = Role::kEngineer;
  // Everything that the person's groups give them now.
  std::span<const Role> roles;
  // What makes this sign-in one of a kind (the nonce, else the token), and
  // until when it could come again.
  std::string once;
  int64_t once_until_micros = 0;
  int64_t key_lifetime_micros = 0;
};

// People who come by single sign-on, in `policy.sqlite`: which subject of which
// provider is which person, what has been used up, and which keys came of it.
// Subjects are kept as digests: erasing a person leaves nothing that names
// them, and still keeps them out.
//
// Each call is one transaction with its audit rows (actor "sso"); errors and
// threads as Store says.
class SignIns {
 public:
  // Keys of a sign-in that one person has of one role at a time; one more ends
  // the oldest.
  static constexpr int64_t kLiveKeysMax = 10;

  SignIns(Storage& storage, std::shared_ptr<Directory> directory)
      : storage_(storage), directory_(std::move(directory)) {}

  // Finds the person, or makes one, and gives a key. A subject that is not
  // known is bound to the person of its address, if no other subject of that
  // provider is. The person's address and team follow the provider's; live keys
  // of earlier sign-ins whose role is not among `roles` end.
  //
  // kUnauthenticated: `once` was used before. kDenied: the person was erased.
  // kConflict: the address is somebody else's. kNotFound: a new person, and no
  // team for them. Messages name no address.
  Result<CreatedKey> Take(const SignIn& sign_in);

  // The subject may be no more than `roles` now: ends what keys of sign-ins
  // say otherwise. Fine where the subject is not known.
  Status Withdraw(const ProviderSubject& who, std::span<const Role> roles);

 private:
  struct Ended;

  // All of these within a transaction.
  Status UseUp(const SignIn& sign_in);
  Result<std::optional<Person>> FindBound(const ProviderSubject& who);
  Result<Person> AddPerson(const SignIn& sign_in);
  Status Bind(const ProviderSubject& who, const Person& person);
  Result<Person> FindOrAdd(const SignIn& sign_in);
  Status Follow(const SignIn& sign_in, Person* person);
  Status SetTeam(std::string_view team, Person* person);
  Status EnsureTeam(std::string_view team);
  Result<CreatedKey> AddKey(const SignIn& sign_in, const Person& person,
                            seal::Digest* hash);
  Result<std::vector<Ended>> EndKeys(std::string_view person_id,
                                     std::span<const Role> roles);

  Storage& storage_;
  const std::shared_ptr<Directory> directory_;
};

// How a subject is called in the audit and in logs: the first 16 hexadecimal
// digits of SHA-256(issuer, newline, subject).
std::string SubjectName(const ProviderSubject& who);

}  // namespace cofferdam::policy
