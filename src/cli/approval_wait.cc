#include "cli/approval_wait.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <thread>

#include "cli/context.h"

namespace cofferdam::cli {
namespace {

constexpr auto kAskEvery = std::chrono::seconds(2);

Error Refused(const Decision& decision) {
  std::string text = decision.why;
  if (!decision.next.empty()) text += ". " + decision.next;
  return Error(Code::kDenied, std::move(text));
}

// Until it is settled; the session key lasts an hour, so it is renewed.
Result<Approval> WaitForApproval(const Login& session, Approval approval) {
  constexpr auto kRenewEvery = std::chrono::minutes(20);
  auto renewed = std::chrono::steady_clock::now();
  while (approval.state == "open") {
    std::this_thread::sleep_for(kAskEvery);
    const auto now = std::chrono::steady_clock::now();
    if (now - renewed >= kRenewEvery) {
      TRY(RenewToken(session));
      renewed = now;
    }
    auto shown = ShowApproval(session, approval.id);
    if (shown.ok()) {
      approval = *std::move(shown);
    } else if (shown.error().code() != Code::kUnavailable) {
      // A gate that restarts is waited for, too.
      return std::move(shown).error();
    }
  }
  return approval;
}

}  // namespace

Status WaitUntilAllowed(const Login& session, std::string_view model) {
  std::string said;
  while (true) {
    TRY_ASSIGN(Decision decision, AskDecision(session, model));
    if (decision.effect == "allow" || decision.effect == "reroute") return {};
    if (decision.effect == "pause") {
      if (said != decision.why) {
        said = decision.why;
        Say(fmt::format("cofferdam: waiting: {}. {}", decision.why,
                        decision.next));
      }
      std::this_thread::sleep_for(kAskEvery);
      continue;
    }
    if (decision.effect != "approve" || !decision.approval ||
        decision.approval->state == "denied") {
      return Refused(decision);
    }
    Say(fmt::format("cofferdam: waiting for approval {}: {}. {}",
                    decision.approval->id, decision.why, decision.next));
    TRY_ASSIGN(Approval settled, WaitForApproval(session, *decision.approval));
    if (settled.state != "granted") {
      return Error(
          Code::kDenied,
          fmt::format("approval {} was not granted ({}){}{}", settled.id,
                      settled.state, settled.reason.empty() ? "" : ": ",
                      settled.reason));
    }
    Say(fmt::format("cofferdam: approval {} was granted", settled.id));
  }
}

std::string_view ModelOfCommand(const std::vector<std::string>& command) {
  for (size_t i = 1; i < command.size(); ++i) {
    const std::string_view word = command[i];
    if (word == "--") break;
    if (word.starts_with("--model=")) return word.substr(8);
    if ((word == "--model" || word == "-m") && i + 1 < command.size()) {
      return command[i + 1];
    }
  }
  return {};
}

}  // namespace cofferdam::cli
