#pragma once

#include <vector>

#include "cli/command.h"

// What each file of subcommands offers to main.
namespace cofferdam::cli {

std::vector<Command> ServeCommands();
std::vector<Command> PeopleCommands();
std::vector<Command> ApprovalCommands();
std::vector<Command> MeasureCommands();
std::vector<Command> AuditCommands();
std::vector<Command> PolicyCommands();
std::vector<Command> LoginCommands();
std::vector<Command> RunCommands();
std::vector<Command> LedgerCommands();
std::vector<Command> LedgerLogCommands();
std::vector<Command> ImportCommands();
// Those of ImportCommands that read agents' histories.
std::vector<Command> ImportHistoryCommands();
std::vector<Command> IndexCommands();
std::vector<Command> BackgroundCommands();
std::vector<Command> CalibrateCommands();
std::vector<Command> SandboxCommands();
std::vector<Command> ScanCommands();
std::vector<Command> CheckCommands();
std::vector<Command> VerifyCommands();
std::vector<Command> BlameCommands();
std::vector<Command> BudgetCommands();
std::vector<Command> UsageCommands();
std::vector<Command> AdoptionCommands();
std::vector<Command> ReportCommands();
std::vector<Command> CodeCommands();
std::vector<Command> ConfigCommands();

}  // namespace cofferdam::cli
