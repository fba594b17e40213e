#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/version.h"

namespace cofferdam::cli {

bool Invocation::Has(std::string_view flag) const {
  return flags_.contains(flag) || numbers_.contains(flag) ||
         lists_.contains(flag);
}

std::string Invocation::Text(std::string_view flag) const {
  auto it = flags_.find(flag);
  return it == flags_.end() ? "" : it->second;
}

std::vector<std::string> Invocation::Texts(std::string_view flag) const {
  auto it = lists_.find(flag);
  return it == lists_.end() ? std::vector<std::string>() : it->second;
}

std::optional<int64_t> Invocation::Number(std::string_view flag) const {
  auto it = numbers_.find(flag);
  if (it == numbers_.end()) return std::nullopt;
  return it->second;
}

std::string Invocation::positional() const {
  return positionals_.empty() ? "" : positionals_.front();
}

// Builds the tree of subcommands for CLI11 and reads back what it found.
struct Parser {
  Parser(const std::vector<Command>& commands,
         const std::vector<std::string>& arguments);
  // The command to run, or none with `exit_code` set.
  const Command* Parse(std::vector<std::string> arguments, int* exit_code);

  void AddFlags(const Command& command, CLI::App* leaf);
  CLI::App* FindGroup(CLI::App* parent, const std::string& group);

  CLI::App app{
      "Cofferdam: whose outputs end up in whose weights, with evidence.",
      "cofferdam"};
  Invocation invocation;
  std::vector<std::pair<const Command*, CLI::App*>> leaves;
};

namespace {

constexpr const char* kGroupHelp[][2] = {
    {"person", "people who may use models"},
    {"team", "teams of people, one below another"},
    {"key", "keys of the gate"},
    {"audit", "the record of every administrative change"},
    {"approval", "requests that wait for somebody's yes"},
    {"ledger", "the record of what each model wrote"},
    {"import", "outputs that did not pass the gate"},
    {"index", "the index that scans use"},
    {"config", "the configuration"},
};

const char* GroupHelp(const std::string& name) {
  for (const auto& row : kGroupHelp) {
    if (name == row[0]) return row[1];
  }
  return "";
}

std::string ValueName(const Flag& flag) {
  return flag.takes == Flag::Takes::kNumber ? "N" : "TEXT";
}

}  // namespace

CLI::App* Parser::FindGroup(CLI::App* parent, const std::string& group_name) {
  for (CLI::App* child :
       parent->get_subcommands([](CLI::App*) { return true; })) {
    if (child->get_name() == group_name) return child;
  }
  CLI::App* group = parent->add_subcommand(group_name, GroupHelp(group_name));
  group->require_subcommand(1);
  return group;
}

void Parser::AddFlags(const Command& command, CLI::App* leaf) {
  for (const Flag& flag : command.flags) {
    CLI::Option* option = nullptr;
    if (flag.takes == Flag::Takes::kNothing) {
      option = leaf->add_flag_callback(
          flag.name, [this, name = flag.name] { invocation.flags_[name] = ""; },
          flag.help);
    } else if (flag.takes == Flag::Takes::kNumber) {
      option = leaf->add_option_function<int64_t>(
          flag.name,
          [this, name = flag.name](int64_t value) {
            invocation.numbers_[name] = value;
          },
          flag.help);
    } else if (flag.takes == Flag::Takes::kTexts) {
      option = leaf->add_option_function<std::vector<std::string>>(
          flag.name,
          [this, name = flag.name](const std::vector<std::string>& values) {
            invocation.lists_[name] = values;
          },
          flag.help);
      option->allow_extra_args(false);
    } else {
      option = leaf->add_option_function<std::string>(
          flag.name,
          [this, name = flag.name](const std::string& value) {
            invocation.flags_[name] = value;
          },
          flag.help);
    }
    if (flag.takes != Flag::Takes::kNothing) option->type_name(ValueName(flag));
    if (flag.required) option->required();
  }
  for (const Positional& positional : command.positionals) {
    CLI::Option* option = leaf->add_option(
        positional.name, invocation.positionals_, positional.help);
    option->type_name("");
    using Count = Positional::Count;
    bool some =
        positional.count == Count::kMany || positional.count == Count::kAny;
    bool optional =
        positional.count == Count::kOptional || positional.count == Count::kAny;
    if (some) {
      option->expected(-1);  // one or more, if it is there at all
    } else {
      option->expected(optional ? 0 : 1, 1);
    }
    if (!optional) option->required();
  }
}

Parser::Parser(const std::vector<Command>& commands,
               const std::vector<std::string>& arguments) {
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string(VersionText()));
  auto global = [this](const char* name, const char* help) {
    app.add_option_function<std::string>(
           name,
           [this, name](const std::string& value) {
             invocation.flags_[name] = value;
           },
           help)
        ->type_name("PATH");
  };
  global("--config",
         "configuration (else $COFFERDAM_CONFIG, else ./cofferdam.toml)");
  global("--data",
         "data folder (else $COFFERDAM_DATA, else [store] data, else var)");
  app.add_option_function<std::string>(
         "--admin",
         [this](const std::string& value) {
           invocation.flags_["--admin"] = value;
         },
         "administer over this address instead (else $COFFERDAM_ADMIN), with "
         "the key in $COFFERDAM_ADMIN_KEY")
      ->type_name("URL");
  for (const Command& command : commands) {
    CLI::App* parent = &app;
    std::string name = command.path;
    size_t space = name.find(' ');
    if (space != std::string::npos) {
      parent = FindGroup(&app, name.substr(0, space));
      parent->fallthrough();
      name = name.substr(space + 1);
    }
    CLI::App* leaf = parent->add_subcommand(name, command.help);
    leaf->fallthrough();
    // A command that is not named is not run, nor is its help shown.
    if (std::find(arguments.begin(), arguments.end(), name) != arguments.end())
      AddFlags(command, leaf);
    leaves.emplace_back(&command, leaf);
  }
}

const Command* Parser::Parse(std::vector<std::string> arguments,
                             int* exit_code) {
  auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  bool has_command = dashes != arguments.end();
  if (has_command) {
    invocation.command_.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    // Help and version are answers; everything else is bad usage.
    *exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    // "A subcommand is required" alone would not say what was wrong.
    std::vector<std::string> unknown = app.remaining(true);
    if (*exit_code == 2 && !unknown.empty()) {
      std::fputs(fmt::format("cofferdam: no such command: {}\n",
                             fmt::join(unknown, " "))
                     .c_str(),
                 stderr);
    }
    return nullptr;
  }
  *exit_code = 2;
  for (const auto& [command, leaf] : leaves) {
    if (!leaf->parsed()) continue;
    if (command->takes_command && invocation.command_.empty()) {
      std::fputs(fmt::format("cofferdam: {}: name the program behind --, as in "
                             "`cofferdam {} -- claude`\n",
                             command->path, command->path)
                     .c_str(),
                 stderr);
      return nullptr;
    }
    if (!command->takes_command && has_command) {
      // A plain "--" before positionals.
      for (std::string& word : invocation.command_) {
        invocation.positionals_.push_back(std::move(word));
      }
      invocation.command_.clear();
    }
    return command;
  }
  return nullptr;
}

int RunCommandLine(const std::vector<Command>& commands,
                   const std::vector<std::string>& arguments) {
  Parser parser(commands, arguments);
  int exit_code = 2;
  const Command* command = parser.Parse(arguments, &exit_code);
  if (command == nullptr) return exit_code;
  Result<int> result = command->run(parser.invocation);
  if (!result.ok()) {
    std::fflush(stdout);
    std::fputs(fmt::format("cofferdam: {}\n", result.error().message()).c_str(),
               stderr);
    return ExitCode(result.error().code());
  }
  // A full disk behind stdout is a failure, too.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fputs("cofferdam: cannot write to stdout\n", stderr);
    return 2;
  }
  return *result;
}

}  // namespace cofferdam::cli
