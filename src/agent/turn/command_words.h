#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a shell command is, as far as it can be told for certain without
// running it. What is not certain is none: a command is taken apart only when
// it has nothing that a shell would expand, redirect or run inside.
namespace cofferdam::agent {

// The simple commands of a line of them joined by |, && , || or ;, each as its
// words with quotes taken off. None where a shell would do more than start
// them: expansions, redirections, groups, assignments, several lines.
std::optional<std::vector<std::vector<std::string>>> CommandWords(
    std::string_view command);

// Whether it certainly only reads: every part a program that is known to, with
// no option that writes or runs another.
bool OnlyReads(std::string_view command);

// What "always" means for a command: its program and subcommand ("git status")
// where it is one simple command that has such, else the whole command.
std::string CommandKind(std::string_view command);

}  // namespace cofferdam::agent
