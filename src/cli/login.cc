#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/gate_client.h"
#include "cli/login_sso.h"
#include "http/url.h"
#include "policy/keys.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr size_t kKeyBytesMax = 4096;

std::string Trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  size_t end = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(begin, end - begin + 1));
}

// One line from stdin; on a terminal without showing what is typed.
Result<std::string> ReadLineQuietly() {
  termios before;
  bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::fputs("Key: ", stderr);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  std::string line;
  char c;
  while (line.size() < kKeyBytesMax && read(STDIN_FILENO, &c, 1) == 1 &&
         c != '\n') {
    line.push_back(c);
  }
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputs("\n", stderr);
  }
  return line;
}

// The server that the words name, without a key yet.
Result<Login> ServerOf(const Invocation& call) {
  Login login;
  const bool admin = call.Has("--sso") && call.Has("--admin");
  if (admin && !call.positionals().empty()) {
    return Error(Code::kInvalid, "login: either URL or --admin URL");
  }
  if (!admin && call.positionals().empty()) {
    if (!call.Has("--sso")) {
      return Error(Code::kInvalid,
                   "login: name the gate, as in http://127.0.0.1:8787");
    }
    TRY_ASSIGN(login, ReadLogin());
    login.key.clear();
  } else {
    TRY_ASSIGN(http::Url url, http::Url::Parse(admin ? call.Text("--admin")
                                                     : call.positional()));
    login.url = url.ToString();
  }
  if (call.Has("--ca")) {
    // Kept whole, as agents start in other folders.
    std::error_code error;
    login.ca_file = std::filesystem::canonical(call.Text("--ca"), error);
    if (error) {
      return Error::FromErrno(error.value(), "--ca " + call.Text("--ca"));
    }
  }
  return login;
}

Result<int> Keep(const Login& login, std::string_view person,
                 std::string_view team, std::string_view until) {
  TRY(WriteLogin(login));
  TRY_ASSIGN(std::string path, LoginPath());
  Say(fmt::format("Logged in to {} as {} (team {}){}; kept in {}.", login.url,
                  person, team, until, path));
  return 0;
}

Result<int> LogInBySso(const Invocation& call) {
  if (call.Has("--key-file")) {
    return Error(Code::kInvalid, "login: either --sso or --key-file");
  }
  SsoLogin how;
  how.way = call.Has("--device")       ? SsoLogin::Way::kDevice
            : call.Has("--no-browser") ? SsoLogin::Way::kPrintAddress
                                       : SsoLogin::Way::kBrowser;
  how.role = call.Text("--role");
  const bool admin = call.Has("--admin");
  if (!how.role.empty() && !admin) {
    return Error(Code::kInvalid, "login: --role needs --admin");
  }
  TRY_ASSIGN(Login login, ServerOf(call));
  TRY_ASSIGN(const SsoKey key, SignInBySso(login, how, SystemRandom()));
  const std::string until = fmt::format(" until {}", key.expires_at);
  if (admin) {
    Say(
        fmt::format("Signed in to {} as {}, role {}{}; the key, which is shown "
                    "once:",
                    login.url, key.person, key.role, until));
    PrintLine(key.secret);
    return 0;
  }
  login.key = key.secret;
  return Keep(login, key.person, key.team, until);
}

Result<int> LogIn(const Invocation& call) {
  if (call.Has("--sso")) return LogInBySso(call);
  for (const char* flag : {"--device", "--no-browser", "--role"}) {
    if (call.Has(flag)) {
      return Error(Code::kInvalid, fmt::format("login: {} needs --sso", flag));
    }
  }
  TRY_ASSIGN(Login login, ServerOf(call));
  if (call.Has("--key-file")) {
    TRY_ASSIGN(login.key, ReadFile(call.Text("--key-file"), kKeyBytesMax));
  } else {
    TRY_ASSIGN(login.key, ReadLineQuietly());
  }
  login.key = Trimmed(login.key);
  TRY_ASSIGN(policy::KeyKind kind, policy::ParseSecret(login.key));
  if (kind != policy::KeyKind::kEngineer) {
    return Error(Code::kInvalid,
                 fmt::format("this is a {} key; log in with an engineer key",
                             policy::KeyKindName(kind)));
  }
  TRY_ASSIGN(std::string answer, WhoAmI(login));
  TRY_ASSIGN(JsonDocument who, JsonDocument::Parse(answer));
  return Keep(login, who["person"].StringOrEmpty(), who["team"].StringOrEmpty(),
              "");
}

}  // namespace

std::vector<Command> LoginCommands() {
  return {
      {"login",
       "store the gate's address and your engineer key",
       {{"URL", Count::kOptional,
         "the gate, as in http://127.0.0.1:8787; with --sso, else the one from "
         "before"}},
       {{"--sso", Takes::kNothing,
         "sign in at your company's provider instead of giving a key"},
        {"--device", Takes::kNothing,
         "with --sso: sign in on another device, as from ssh"},
        {"--no-browser", Takes::kNothing,
         "with --sso: only print the address to open"},
        {"--role", Takes::kText,
         "with --sso and --admin, which prints a key for $COFFERDAM_ADMIN_KEY "
         "and stores nothing: viewer, reader, approver, operator or owner; "
         "else the "
         "most that your groups give"},
        {"--key-file", Takes::kText,
         "file that holds the key; else it is read from stdin"},
        {"--ca", Takes::kText,
         "file with the certificates (PEM) that the gate's own is checked "
         "against; agents that run starts trust them too"}},
       false,
       LogIn},
  };
}

}  // namespace cofferdam::cli
