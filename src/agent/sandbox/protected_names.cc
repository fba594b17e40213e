#include "agent/sandbox/protected_names.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace cofferdam::agent {
namespace {

constexpr std::array<std::string_view, 24> kNames = {
    ".git",          ".hg",
    ".svn",          ".cofferdam",
    ".claude",       ".codex",
    ".gemini",       ".qwen",
    ".opencode",     ".cursor",
    ".agents",       ".pi",
    ".continue",     ".roo",
    ".windsurf",     ".mcp.json",
    ".vscode",       ".idea",
    ".fleet",        ".zed",
    ".envrc",        ".aider.conf.yml",
    "opencode.json", "opencode.jsonc",
};

constexpr std::array<std::string_view, 8> kGitNames = {
    "config",  "config.worktree", "hooks",     "info",
    "modules", "worktrees",       "commondir", "gitdir",
};

// Below the home folder.
constexpr std::string_view kSecrets[] = {
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".oci",
    ".terraform.d",
    ".password-store",
    ".vault-token",
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".boto",
    ".s3cfg",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".huggingface/token",
    ".cache/huggingface/token",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".mozilla",
    ".thunderbird",
    ".pki",
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".qwen",
    ".aider.conf.yml",
    ".continue",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".local/share/opencode",
    ".local/share/cofferdam",
    ".local/state/cofferdam",
    ".cache/cofferdam",
};

// Below $XDG_CONFIG_HOME.
constexpr std::string_view kSecretSettings[] = {
    "cofferdam",
    "gcloud",
    "gh",
    "hub",
    "glab-cli",
    "op",
    "rclone",
    "opencode",
    "git/credentials",
    "BraveSoftware",
    "chromium",
    "google-chrome",
    "containers/auth.json",
    "github-copilot",
    "goose",
    "sops",
};

// Characters that are not seen (Default_Ignorable_Code_Point, Unicode 15).
struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range kUnseen[] = {
    {0xad, 0xad},      {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},
    {0x17b4, 0x17b5},  {0x180b, 0x180f}, {0x200b, 0x200f},   {0x202a, 0x202e},
    {0x2060, 0x206f},  {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},  {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff}};
constexpr char32_t kLongS = 0x17f;
constexpr char32_t kKelvin = 0x212a;

// The character at the front, and its bytes; what is no UTF-8 is one byte.
char32_t CharacterOf(std::string_view text, size_t* bytes) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  *bytes = 1;
  const unsigned char first = at(0);
  const size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || text.size() <= more) {
    return first < 0x80 ? first : 0xfffd;
  }
  char32_t character = first & (0x3fU >> more);
  for (size_t i = 1; i <= more; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0xfffd;
    }
    character = (character << 6) | (at(i) & 0x3fU);
  }
  *bytes = more + 1;
  return character;
}

std::string Folded(std::string_view name) {
  std::string folded;
  while (!name.empty()) {
    size_t bytes = 0;
    const char32_t character = CharacterOf(name, &bytes);
    if (character == kLongS) {
      folded.push_back('s');
    } else if (character == kKelvin) {
      folded.push_back('k');
    } else if (std::none_of(std::begin(kUnseen), std::end(kUnseen),
                            [&](const Range& range) {
                              return character >= range.first &&
                                     character <= range.last;
                            })) {
      folded.append(name.substr(0, bytes));
    }
    name.remove_prefix(bytes);
  }
  folded.erase(folded.find_last_not_of(". ") + 1);
  return folded;
}

bool SameLetters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Whether nothing but the case of letters can hide what a name is.
bool IsPlain(std::string_view name) {
  return name.back() != '.' && name.back() != ' ' &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<signed char>(c) < 0; });
}

}  // namespace

std::span<const std::string_view> ProtectedNames() { return kNames; }

bool IsSameName(std::string_view known, std::string_view name) {
  if (name.empty()) {
    return false;
  }
  const std::string folded = IsPlain(name) ? std::string() : Folded(name);
  const std::string_view plain = IsPlain(name) ? name : folded;
  return SameLetters(known, plain) ||
         (known == ".git" && SameLetters("git~1", plain));
}

bool IsProtectedName(std::string_view name) {
  constexpr std::string_view kFirst = ".oOgG";
  if (name.empty() || (static_cast<signed char>(name[0]) >= 0 &&
                       kFirst.find(name[0]) == kFirst.npos)) {
    return false;
  }
  const std::string folded = IsPlain(name) ? std::string() : Folded(name);
  const std::string_view plain = IsPlain(name) ? name : folded;
  return SameLetters("git~1", plain) ||
         std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) {
           return SameLetters(known, plain);
         });
}

bool IsProtectedPath(std::string_view workspace, std::string_view path) {
  if (path.starts_with(workspace)) {
    path.remove_prefix(workspace.size());
  }
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (IsProtectedName(path.substr(0, slash))) {
      return true;
    }
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return false;
}

std::span<const std::string_view> ProtectedGitNames() { return kGitNames; }

std::vector<std::string> SecretPaths(const std::string& home) {
  std::vector<std::string> paths;
  for (const std::string_view name : kSecrets) {
    paths.push_back(home + "/" + std::string(name));
  }
  std::vector<std::string> settings = {home + "/.config"};
  if (const char* elsewhere = getenv("XDG_CONFIG_HOME");
      elsewhere != nullptr && elsewhere[0] == '/' && elsewhere != settings[0]) {
    settings.emplace_back(elsewhere);
  }
  for (const std::string& folder : settings) {
    for (const std::string_view name : kSecretSettings) {
      paths.push_back(folder + "/" + std::string(name));
    }
  }
  // Where sessions and records of ours lie, if not below the home folder.
  for (const char* name :
       {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}) {
    if (const char* elsewhere = getenv(name);
        elsewhere != nullptr && elsewhere[0] == '/') {
      paths.push_back(std::string(elsewhere) + "/cofferdam");
    }
  }
  return paths;
}

}  // namespace cofferdam::agent
