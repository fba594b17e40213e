#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/contract.h"
#include "policy/principal.h"
#include "wire/types.h"

namespace cofferdam::policy {

// What a request is judged by: who asks, with which tool, which model under
// which contract, where and what for. Views only; whoever asks keeps alive
// what they point to. An empty text means: not known.
struct Question {
  std::string_view person_id;
  std::string_view email;  // lower case, see NormaliseEmail
  std::string_view team;
  // The team and its ancestors, nearest first; empty: `team` alone.
  std::span<const std::string_view> teams;
  std::string_view tool;          // "claude-code"
  std::string_view tool_version;  // "2.1.34"
  std::string_view provider;
  std::string_view model;  // as the client asked for it
  std::string_view contract;
  std::string_view repo;  // as NormaliseRepo writes it
  std::string_view path;  // of the request, without its query
  std::string_view purpose;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  Grade grade = Grade::kNone;
  // What the contract's terms say now.
  TermsClass terms_class = TermsClass::kUnknown;
  int64_t now_micros = 0;  // since 1970, UTC
  // Bit i: the prompt contains material of Law::labels()[i].
  uint64_t labels = 0;
};

}  // namespace cofferdam::policy
