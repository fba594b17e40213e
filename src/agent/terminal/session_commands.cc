#include "agent/terminal/session_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/terminal/diff_view.h"
#include "agent/terminal/session.h"
#include "agent/terminal/session_export.h"
#include "base/clock.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

// Sessions, turns and models that a list shows.
constexpr size_t kListedMax = 20;

using Then = std::function<void()>;

std::string_view FirstWord(std::string_view* words) {
  while (words->starts_with(' ')) words->remove_prefix(1);
  const size_t end = std::min(words->find(' '), words->size());
  const std::string_view word = words->substr(0, end);
  words->remove_prefix(end);
  while (words->starts_with(' ')) words->remove_prefix(1);
  return word;
}

std::optional<uint64_t> ParseNumber(std::string_view word) {
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return {};
  return number;
}

// "2026-11-21 17:34" in UTC.
std::string ShortTime(int64_t micros) {
  std::string time = FormatTime(micros).substr(0, 16);
  time[10] = ' ';
  return time;
}

std::string Tokens(int64_t count) {
  if (count < 1000) return std::to_string(count);
  if (count < 100'000) {
    return fmt::format("{:.1f}k", static_cast<double>(count) / 1000);
  }
  return fmt::format("{}k", count / 1000);
}

std::string Dollars(int64_t micros) {
  const double dollars = static_cast<double>(micros) / 1e6;
  return dollars < 1 ? fmt::format("${:.4f}", dollars)
                     : fmt::format("${:.2f}", dollars);
}

// A name, and what it stands for.
void SayRow(Session& session, std::string_view name, std::string_view words) {
  StyledLine line;
  AppendText(fmt::format("  {:<14} ", name), kNameStyle, &line);
  AppendText(words, kPlainStyle, &line);
  session.page().Print(line);
}

void SayHelpRow(Session& session, std::string_view name,
                std::string_view words) {
  StyledLine line;
  AppendText(fmt::format("  {:<36} ", name), kNameStyle, &line);
  AppendText(words, kPlainStyle, &line);
  session.page().Print(line);
}

void Help(Session& session, std::string_view) {
  for (const SlashCommand& command : SlashCommands()) {
    SayHelpRow(session, fmt::format("/{} {}", command.name, command.arguments),
               command.help);
  }
  constexpr std::pair<std::string_view, std::string_view> kKeys[] = {
      {"@file", "sends the file along"},
      {"!command", "runs a command in the sandbox"},
      {"Enter", "sends; Alt-Enter, Ctrl-J or \\ Enter: a new line"},
      {"Esc", "ends the turn that runs; so does Ctrl-C"},
      {"Shift-Tab", "next mode: plan, ask, edit, auto"},
      {"Ctrl-R", "searches what was typed before"},
      {"Ctrl-D", "leaves"},
  };
  for (const auto& [key, words] : kKeys) SayHelpRow(session, key, words);
}

void ChangeModel(Session& session, std::string_view arguments) {
  const std::string name(arguments);
  if (name.empty()) {
    SayRow(session, "model", session.state().model);
    session.Do([&session](Conversation& conversation, Observer&,
                          std::stop_token stop) -> Then {
      return [&session, models = conversation.Models(stop)] {
        if (models.size() < 2) return;
        for (size_t i = 0; i < std::min(models.size(), kListedMax); ++i) {
          SayRow(session, i == 0 ? "the engine has" : "", models[i]);
        }
        if (models.size() > kListedMax) {
          SayRow(session, "",
                 fmt::format("and {} more", models.size() - kListedMax));
        }
      };
    });
    return;
  }
  session.Do([&session, name](Conversation& conversation, Observer&,
                              std::stop_token) -> Then {
    const Status changed = conversation.set_model(name);
    const std::string error = changed.ok() ? "" : changed.error().message();
    return [&session, error] {
      if (!error.empty()) return session.SayError(error);
      SayRow(session, "model", session.state().model);
    };
  });
}

void ChangeMode(Session& session, std::string_view arguments) {
  if (arguments.empty()) {
    SayRow(session, "mode", ModeName(session.state().mode));
    return;
  }
  const std::optional<Mode> mode = ParseMode(arguments);
  if (!mode) {
    session.SayError(fmt::format(
        "no mode \"{}\"; there are plan, ask, edit, auto", arguments));
    return;
  }
  session.SetMode(*mode);
  SayRow(session, "mode", ModeName(*mode));
}

void PlanMode(Session& session, std::string_view) {
  session.SetMode(session.state().mode == Mode::kPlan ? Mode::kAsk
                                                      : Mode::kPlan);
  SayRow(session, "mode", ModeName(session.state().mode));
}

void CompactHistory(Session& session, std::string_view arguments) {
  session.Do([&session, focus = std::string(arguments)](
                 Conversation& conversation, Observer& observer,
                 std::stop_token stop) -> Then {
    const Status done = conversation.Compact(focus, observer, stop);
    const std::string error = done.ok() ? "" : done.error().message();
    return [&session, error] {
      if (!error.empty()) return session.SayError(error);
      session.Say("the history is compacted");
    };
  });
}

ConversationRequest RequestLike(const Session& session) {
  return {.workspace = session.workspace(),
          .session_id = "",
          .fork = false,
          .mode = session.state().mode,
          .model = session.state().model};
}

void NewSession(Session& session, std::string_view) {
  session.Open(RequestLike(session));
  session.Say("a new session");
}

void ForkSession(Session& session, std::string_view) {
  ConversationRequest request = RequestLike(session);
  request.session_id = session.state().id;
  request.fork = true;
  session.Open(request);
}

void ListSessions(Session& session,
                  const std::vector<SessionSummary>& sessions) {
  size_t number = 0;
  for (const SessionSummary& one : sessions) {
    if (++number > kListedMax) break;
    SayRow(session, std::to_string(number),
           fmt::format("{}  {:>4} messages  {}", ShortTime(one.changed_micros),
                       one.messages, one.title));
  }
  if (sessions.empty()) return session.Say("no sessions in this folder yet");
  if (sessions.size() > kListedMax) {
    session.Say(fmt::format("  and {} older ones, by --resume ID",
                            sessions.size() - kListedMax));
  }
  session.Say("  /resume NUMBER goes on with one");
}

void Resume(Session& session, std::string_view arguments) {
  session.DoWithAll([&session, which = std::string(arguments)](
                        Conversations& conversations) -> Then {
    auto listed = conversations.List(session.workspace());
    if (!listed.ok()) {
      return [&session, error = listed.error().message()] {
        session.SayError(error);
      };
    }
    return [&session, which, sessions = *std::move(listed)] {
      if (which.empty()) return ListSessions(session, sessions);
      const auto number = ParseNumber(which);
      ConversationRequest request{.workspace = session.workspace()};
      if (!number) {
        request.session_id = which;
      } else if (*number >= 1 && *number <= sessions.size()) {
        request.session_id = sessions[*number - 1].id;
      } else {
        return session.SayError(
            fmt::format("no session {}; /resume lists them", which));
      }
      session.Open(request);
    };
  });
}

void ListPoints(Session& session, const std::vector<RewindPoint>& points) {
  if (points.empty()) return session.Say("nothing to go back to yet");
  const size_t first = points.size() - std::min(points.size(), kListedMax);
  for (size_t i = first; i < points.size(); ++i) {
    SayRow(session, std::to_string(points[i].turn),
           fmt::format("{}  {}{}", ShortTime(points[i].time_micros),
                       points[i].text,
                       points[i].files ? "" : "  (conversation only)"));
  }
  session.Say(
      "  /rewind TURN goes back to just before it; add conversation or files "
      "for one alone");
}

void Rewind(Session& session, std::string_view arguments) {
  const std::string_view turn_word = FirstWord(&arguments);
  const std::string_view what_word = FirstWord(&arguments);
  if (turn_word.empty()) {
    session.Do([&session](Conversation& conversation, Observer&,
                          std::stop_token) -> Then {
      return [&session, points = conversation.RewindPoints()] {
        ListPoints(session, points);
      };
    });
    return;
  }
  const auto turn = ParseNumber(turn_word);
  const std::string_view last_word = FirstWord(&arguments);
  const bool forced = what_word == "force" || last_word == "force";
  auto what = Conversation::Rewound::kBoth;
  if (what_word == "conversation") what = Conversation::Rewound::kConversation;
  if (what_word == "files") what = Conversation::Rewound::kFiles;
  const bool known = what_word.empty() || what_word == "both" ||
                     what_word == "force" ||
                     what != Conversation::Rewound::kBoth;
  if (!turn || !known || !(last_word.empty() || last_word == "force")) {
    session.SayError("say: /rewind TURN [conversation|files|both] [force]");
    return;
  }
  session.Do([&session, turn = *turn, what, forced](Conversation& conversation,
                                                    Observer&,
                                                    std::stop_token) -> Then {
    const Status done =
        conversation.Rewind(turn, what,
                            forced ? Conversation::Others::kOverwritten
                                   : Conversation::Others::kKept);
    if (done.ok()) {
      return [&session, turn] {
        session.Say(fmt::format("back to just before turn {}", turn));
      };
    }
    const bool others = done.error().code() == Code::kConflict;
    return [&session, error = done.error().message(), others, turn, what] {
      session.SayError(error);
      if (!others) return;
      session.Say(fmt::format(
          "  /rewind {} {} force takes them back, too: what they hold now is "
          "lost",
          turn, what == Conversation::Rewound::kFiles ? "files" : "both"));
    };
  });
}

void ShowDiff(Session& session, std::string_view arguments) {
  std::vector<std::string> unknown;
  const auto changes = session.changes().Now(&unknown);
  size_t shown = 0;
  for (const FileChange& change : changes) {
    const std::string path = PathWithin(change.path, session.workspace());
    if (path.find(arguments) == std::string::npos) continue;
    ++shown;
    session.page().PrintChange(change);
  }
  for (const std::string& path : unknown) {
    session.Say(path + ": changed; its former text was too long to keep");
  }
  if (shown + unknown.size() == 0) {
    session.Say("no file is different from when this session began here");
  }
}

void ShowCost(Session& session, std::string_view) {
  const Meter& meter = session.state().meter;
  SayRow(session, "context",
         meter.context_size > 0
             ? fmt::format("{} of {} tokens", meter.context_used,
                           meter.context_size)
             : fmt::format("{} tokens", meter.context_used));
  SayRow(session, "input",
         fmt::format("{} tokens, {} of them from a cache", meter.input_tokens,
                     meter.cached_tokens));
  SayRow(session, "output", fmt::format("{} tokens", meter.output_tokens));
  SayRow(session, "cost",
         meter.cost_micros ? Dollars(*meter.cost_micros)
                           : "unknown, this model has no price");
}

void ShowStatus(Session& session, std::string_view arguments) {
  const TerminalState& state = session.state();
  SayRow(session, "session", state.id);
  SayRow(session, "folder", session.workspace());
  SayRow(session, "model", state.model);
  SayRow(session, "mode", ModeName(state.mode));
  ShowCost(session, arguments);
}

void ShowSandbox(Session& session, std::string_view) {
  session.Do([&session](Conversation& conversation, Observer&,
                        std::stop_token) -> Then {
    return [&session, notes = conversation.SandboxNotes()] {
      for (const std::string& note : notes) session.Say("  " + note);
    };
  });
}

void ShowTodo(Session& session, std::string_view) {
  if (session.state().plan.empty()) return session.Say("nothing to do yet");
  session.page().Show(HeardPlan{session.state().plan});
}

void ExportSession(Session& session, std::string_view arguments) {
  const std::string name = arguments.empty()
                               ? "cofferdam-" + session.state().id + ".md"
                               : std::string(arguments);
  const std::string path =
      name.front() == '/' ? name : session.workspace() + "/" + name;
  session.Do([&session, path](Conversation& conversation, Observer&,
                              std::stop_token) -> Then {
    const Status done =
        WriteFileAtomically(path, ExportMarkdown(conversation), 0600);
    const std::string error = done.ok() ? "" : done.error().message();
    return [&session, error, path] {
      if (!error.empty()) return session.SayError(error);
      session.Say("written to " + path);
    };
  });
}

void Attach(Session& session, std::string_view) { session.AttachOutput(); }

void Vim(Session& session, std::string_view) { session.ToggleVim(); }

void Thinking(Session& session, std::string_view) { session.ToggleThinking(); }

void Quit(Session& session, std::string_view) { session.Leave(); }

using When = SlashCommand::When;
constexpr SlashCommand kCommands[] = {
    {"help", "", "this list", When::kAlways, Help},
    {"mode", "[plan|ask|edit|auto]", "what may happen without asking",
     When::kAlways, ChangeMode},
    {"plan", "", "plan mode, in which nothing is changed, on or off",
     When::kAlways, PlanMode},
    {"model", "[NAME]", "shows or changes the model", When::kBetweenTurns,
     ChangeModel},
    {"diff", "[PATH]", "what this session changed", When::kAlways, ShowDiff},
    {"todo", "", "the list of things to do", When::kAlways, ShowTodo},
    {"cost", "", "tokens and cost", When::kAlways, ShowCost},
    {"status", "", "session, folder, model, mode", When::kAlways, ShowStatus},
    {"sandbox", "", "what the sandbox can and cannot do here",
     When::kBetweenTurns, ShowSandbox},
    {"add", "", "sends the output of the last !command along", When::kAlways,
     Attach},
    {"compact", "[FOCUS]", "shortens the history now", When::kBetweenTurns,
     CompactHistory},
    {"rewind", "[TURN [conversation|files] [force]]",
     "goes back to before a message", When::kBetweenTurns, Rewind},
    {"clear", "", "begins a new session", When::kBetweenTurns, NewSession},
    {"resume", "[NUMBER|ID]", "lists sessions, goes on with one",
     When::kBetweenTurns, Resume},
    {"fork", "", "goes on in a copy of this session", When::kBetweenTurns,
     ForkSession},
    {"export", "[FILE]", "writes the conversation as Markdown",
     When::kBetweenTurns, ExportSession},
    {"thinking", "", "shows what the model thinks whole, or in a line",
     When::kAlways, Thinking},
    {"vim", "", "vim's keys in the prompt, on or off", When::kAlways, Vim},
    {"quit", "", "leaves; the session is kept", When::kAlways, Quit},
};

// How many letters must be put in, taken out or changed.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal =
          std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

}  // namespace

std::span<const SlashCommand> SlashCommands() { return kCommands; }

void RunSlashCommand(Session& session, std::string_view line) {
  line.remove_prefix(std::min<size_t>(line.size(), 1));
  const std::string_view name = FirstWord(&line);
  const auto* nearest = &kCommands[0];
  for (const SlashCommand& command : kCommands) {
    if (command.name == name) {
      if (command.when == When::kBetweenTurns && session.busy()) {
        session.SayError(fmt::format(
            "/{} has to wait until the turn has ended (Esc ends it)", name));
        return;
      }
      command.run(session, line);
      return;
    }
    if (Distance(command.name, name) < Distance(nearest->name, name)) {
      nearest = &command;
    }
  }
  session.SayError(
      fmt::format("no command /{}; did you mean /{}? /help lists all", name,
                  nearest->name));
}

std::string MeterLine(const TerminalState& state) {
  std::string line = fmt::format("{} · {}", ModeName(state.mode),
                                 state.model.empty() ? "…" : state.model);
  const Meter& meter = state.meter;
  if (meter.context_size > 0) {
    line += fmt::format(" · {} of {} ({} %)", Tokens(meter.context_used),
                        Tokens(meter.context_size),
                        100 * meter.context_used / meter.context_size);
  } else if (meter.context_used > 0) {
    line += fmt::format(" · {} context", Tokens(meter.context_used));
  }
  if (meter.input_tokens + meter.output_tokens > 0) {
    line += fmt::format(" · {} in, {} out", Tokens(meter.input_tokens),
                        Tokens(meter.output_tokens));
  }
  if (meter.cost_micros) line += " · " + Dollars(*meter.cost_micros);
  return line;
}

}  // namespace cofferdam::agent
