#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::cli {

// One flag of a command: its name, its help, and what it takes.
struct Flag {
  // kTexts: may be given several times.
  enum class Takes { kNothing, kText, kNumber, kTexts };
  std::string name;  // "--team"
  Takes takes = Takes::kNothing;
  std::string help;
  bool required = false;
};

// What a command takes beside flags.
struct Positional {
  enum class Count { kOne, kOptional, kMany, kAny };
  std::string name;  // "PATH"
  Count count = Count::kOne;
  std::string help;
};

// The words of one call, parsed.
class Invocation {
 public:
  bool Has(std::string_view flag) const;
  std::string Text(std::string_view flag) const;  // empty if not given
  // All that a flag which takes several was given, in order.
  std::vector<std::string> Texts(std::string_view flag) const;
  std::optional<int64_t> Number(std::string_view flag) const;
  const std::vector<std::string>& positionals() const { return positionals_; }
  // The first positional, or empty.
  std::string positional() const;
  // What stood behind "--", for commands with `takes_command`.
  const std::vector<std::string>& command() const { return command_; }
  bool json() const { return Has("--json"); }

 private:
  friend struct Parser;
  std::map<std::string, std::string, std::less<>> flags_;
  std::map<std::string, int64_t, std::less<>> numbers_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
  std::vector<std::string> positionals_;
  std::vector<std::string> command_;
};

// A subcommand. `run` returns the exit code: 0 ok, 1 a negative result; an
// Error is printed on stderr and is 2.
struct Command {
  std::string path;  // "key create"
  std::string help;
  std::vector<Positional> positionals;
  std::vector<Flag> flags;
  // Everything behind "--" is another program's command line.
  bool takes_command = false;
  std::function<Result<int>(const Invocation&)> run;
};

// Parses `arguments` (without the program's name) and runs the command. Bad
// usage is explained on stderr and is 2.
int RunCommandLine(const std::vector<Command>& commands,
                   const std::vector<std::string>& arguments);

}  // namespace cofferdam::cli
