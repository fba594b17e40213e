#pragma once

#include <cstddef>
#include <string_view>

// What secrets look like, for secrets.cc; its test has a sample of each.
namespace cofferdam::ledger {

enum class Alphabet { kHex, kAlnum, kWord, kUrl, kDotted };
inline constexpr size_t kAlphabets = 5;
// Whether a lower-case letter means that it is something else.
enum class Upper { kAny, kOnly };

// Keys that say themselves what they are: a prefix, then so many bytes.
struct TokenKind {
  std::string_view kind;
  std::string_view prefix;
  Alphabet alphabet;
  size_t bytes_min;
  size_t bytes_max;
  Upper upper = Upper::kAny;
};

// The rest of a key has at least so many different bytes, and a digit.
inline constexpr size_t kTokenDistinctMin = 6;

// Where one prefix begins another, the longer one comes first.
inline constexpr TokenKind kTokenKinds[] = {
    {"anthropic_key", "sk-ant-", Alphabet::kUrl, 20, 300},
    {"openai_key", "sk-proj-", Alphabet::kUrl, 20, 300},
    {"openai_key", "sk-svcacct-", Alphabet::kUrl, 20, 300},
    {"openai_key", "sk-admin-", Alphabet::kUrl, 20, 300},
    {"openrouter_key", "sk-or-v1-", Alphabet::kHex, 40, 100},
    {"openai_key", "sk-", Alphabet::kAlnum, 32, 64},
    {"google_api_key", "AIza", Alphabet::kUrl, 35, 40},
    {"google_client_secret", "GOCSPX-", Alphabet::kUrl, 20, 60},
    {"google_access_token", "ya29.", Alphabet::kDotted, 20, 1000},
    {"github_token", "ghp_", Alphabet::kAlnum, 36, 255},
    {"github_token", "gho_", Alphabet::kAlnum, 36, 255},
    {"github_token", "ghu_", Alphabet::kAlnum, 36, 255},
    {"github_token", "ghs_", Alphabet::kAlnum, 36, 255},
    {"github_token", "ghr_", Alphabet::kAlnum, 36, 255},
    {"github_token", "github_pat_", Alphabet::kWord, 50, 255},
    {"gitlab_token", "glpat-", Alphabet::kDotted, 20, 255},
    {"gitlab_token", "gldt-", Alphabet::kDotted, 20, 255},
    {"gitlab_token", "glrt-", Alphabet::kDotted, 20, 255},
    {"slack_token", "xoxb-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xoxp-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xoxa-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xoxe-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xoxr-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xoxs-", Alphabet::kUrl, 20, 255},
    {"slack_token", "xapp-", Alphabet::kUrl, 20, 255},
    {"aws_key_id", "AKIA", Alphabet::kAlnum, 16, 16, Upper::kOnly},
    {"aws_key_id", "ASIA", Alphabet::kAlnum, 16, 16, Upper::kOnly},
    {"npm_token", "npm_", Alphabet::kAlnum, 36, 36},
    {"pypi_token", "pypi-", Alphabet::kUrl, 85, 500},
    {"stripe_key", "sk_live_", Alphabet::kAlnum, 20, 255},
    {"stripe_key", "sk_test_", Alphabet::kAlnum, 20, 255},
    {"stripe_key", "rk_live_", Alphabet::kAlnum, 20, 255},
    {"stripe_key", "whsec_", Alphabet::kAlnum, 30, 255},
    {"hugging_face_token", "hf_", Alphabet::kAlnum, 30, 64},
    {"groq_key", "gsk_", Alphabet::kAlnum, 40, 64},
    {"xai_key", "xai-", Alphabet::kAlnum, 60, 100},
    {"perplexity_key", "pplx-", Alphabet::kAlnum, 40, 64},
    {"replicate_token", "r8_", Alphabet::kAlnum, 37, 40},
    {"sendgrid_key", "SG.", Alphabet::kDotted, 60, 80},
    {"digitalocean_token", "dop_v1_", Alphabet::kHex, 64, 64},
    {"shopify_token", "shpat_", Alphabet::kHex, 32, 32},
    {"databricks_token", "dapi", Alphabet::kHex, 32, 32},
    {"cofferdam_key", "cfe_", Alphabet::kAlnum, 49, 49},
    {"cofferdam_key", "cfs_", Alphabet::kAlnum, 49, 49},
    {"cofferdam_key", "cfa_", Alphabet::kAlnum, 49, 49},
};

// What names of secrets hold, in lower case; "bearer" is followed by one.
inline constexpr std::string_view kBearer = "bearer ";
inline constexpr std::string_view kSecretNames[] = {
    "password", "passwd",     "passphrase", "pwd",         "secret",
    "token",    "apikey",     "api_key",    "api-key",     "access_key",
    "auth_key", "credential", "_key",       "private_key", kBearer,
};

// A value that holds one of these is none: it stands for a secret, or says
// where one is.
inline constexpr std::string_view kPlaceholders[] = {
    "example", "your",     "changeme", "placeholder", "xxxx", "....",
    "****",    "dummy",    "redacted", "${",          "{{",   "<",
    "$(",      "process.", "environ",  "getenv",      "fake", "123456789",
    "://",     "abcdef",   "localhost"};

// What people write where a password would stand.
inline constexpr std::string_view kPlainPasswords[] = {
    "password", "passwd",   "pass",     "secret",   "admin", "root",
    "user",     "postgres", "mysql",    "guest",    "test",  "token",
    "pwd",      "username", "rabbitmq", "password1"};

}  // namespace cofferdam::ledger
