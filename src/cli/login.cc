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

Result<int> LogIn(const Invocation& call) {
  TRY_ASSIGN(http::Url url, http::Url::Parse(call.positional()));
  Login login;
  login.url = url.ToString();
  if (call.Has("--key-file")) {
    TRY_ASSIGN(login.key, ReadFile(call.Text("--key-file"), kKeyBytesMax));
  } else {
    TRY_ASSIGN(login.key, ReadLineQuietly());
  }
  login.key = Trimmed(login.key);
  if (call.Has("--ca")) {
    // Kept whole, as agents start in other folders.
    std::error_code error;
    login.ca_file = std::filesystem::canonical(call.Text("--ca"), error);
    if (error) {
      return Error::FromErrno(error.value(), "--ca " + call.Text("--ca"));
    }
  }
  TRY_ASSIGN(policy::KeyKind kind, policy::ParseSecret(login.key));
  if (kind != policy::KeyKind::kEngineer) {
    return Error(Code::kInvalid,
                 fmt::format("this is a {} key; log in with an engineer key",
                             policy::KeyKindName(kind)));
  }
  TRY_ASSIGN(std::string answer, WhoAmI(login));
  TRY_ASSIGN(JsonDocument who, JsonDocument::Parse(answer));
  TRY(WriteLogin(login));
  TRY_ASSIGN(std::string path, LoginPath());
  Say(fmt::format("Logged in to {} as {} (team {}); kept in {}.", login.url,
                  who["person"].StringOrEmpty(), who["team"].StringOrEmpty(),
                  path));
  return 0;
}

}  // namespace

std::vector<Command> LoginCommands() {
  return {
      {"login",
       "store the gate's address and your engineer key",
       {{"URL", Count::kOne, "the gate, as in http://127.0.0.1:8787"}},
       {{"--key-file", Takes::kText,
         "file that holds the key; else it is read from stdin"},
        {"--ca", Takes::kText,
         "file with the certificates (PEM) that the gate's own is checked "
         "against; agents that run starts trust them too"}},
       false,
       LogIn},
  };
}

}  // namespace cofferdam::cli
