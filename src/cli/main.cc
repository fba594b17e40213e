#include <iterator>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  using cofferdam::cli::Command;
  std::vector<Command> commands;
  for (auto offer :
       {cofferdam::cli::ServeCommands,      cofferdam::cli::PeopleCommands,
        cofferdam::cli::ApprovalCommands,   cofferdam::cli::MeasureCommands,
        cofferdam::cli::AuditCommands,      cofferdam::cli::PolicyCommands,
        cofferdam::cli::LoginCommands,      cofferdam::cli::RunCommands,
        cofferdam::cli::LedgerCommands,     cofferdam::cli::LedgerLogCommands,
        cofferdam::cli::ImportCommands,     cofferdam::cli::IndexCommands,
        cofferdam::cli::BackgroundCommands, cofferdam::cli::CalibrateCommands,
        cofferdam::cli::ScanCommands,       cofferdam::cli::VerifyCommands,
        cofferdam::cli::BlameCommands,      cofferdam::cli::CheckCommands,
        cofferdam::cli::UsageCommands,      cofferdam::cli::BudgetCommands,
        cofferdam::cli::AdoptionCommands,   cofferdam::cli::ReportCommands,
        cofferdam::cli::CodeCommands,       cofferdam::cli::SandboxCommands,
        cofferdam::cli::ConfigCommands}) {
    std::vector<Command> some = offer();
    commands.insert(commands.end(), std::make_move_iterator(some.begin()),
                    std::make_move_iterator(some.end()));
  }
  return cofferdam::cli::RunCommandLine(
      commands, std::vector<std::string>(argv + 1, argv + argc));
}
