#include "agent/session/state_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kJournalBytesMax = size_t{64} << 20;

std::string Line(const std::string& session, std::string_view member,
                 const std::string& commit, std::string_view of,
                 int64_t at_micros) {
  JsonWriter json;
  json.BeginObject().Field("v", 1).Field("session", session);
  json.Field(member, commit).FieldIfSet("of", of);
  if (at_micros != 0) json.Field("at", at_micros);
  json.EndObject();
  std::string line = std::move(json).Take();
  line += '\n';
  return line;
}

// The last turn of that session that began so.
TurnStates* Find(std::vector<TurnStates>* turns, std::string_view session,
                 std::string_view before) {
  for (size_t i = turns->size(); i-- > 0;) {
    TurnStates& turn = (*turns)[i];
    if (turn.session == session && turn.before.front() == before) return &turn;
  }
  return nullptr;
}

void Take(const JsonValue& json, std::vector<TurnStates>* turns) {
  if (json["v"].Int() != 1) return;
  const std::string_view session = json["session"].StringOrEmpty();
  const std::string_view of = json["of"].StringOrEmpty();
  if (const auto before = json["before"].String()) {
    turns->push_back({.session = std::string(session),
                      .at_micros = json["at"].Int().value_or(0),
                      .before = {std::string(*before)},
                      .after = {}});
  } else if (const auto also = json["also"].String()) {
    TurnStates* turn = Find(turns, session, of);
    if (turn != nullptr) turn->before.emplace_back(*also);
  } else if (const auto after = json["after"].String()) {
    TurnStates* turn = Find(turns, session, of);
    if (turn != nullptr) turn->after = *after;
  } else if (const auto restored = json["restored"].String()) {
    TurnStates* first = nullptr;
    for (TurnStates& turn : *turns) {
      if (turn.before.front() == *restored) first = &turn;
    }
    if (first == nullptr) return;
    const std::string whose = first->session;
    size_t at = static_cast<size_t>(first - turns->data());
    for (size_t i = at; i < turns->size();) {
      const std::string& its = (*turns)[i].session;
      if (its == session || its == whose) {
        turns->erase(turns->begin() + static_cast<ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }
}

}  // namespace

Status StateJournal::Append(const std::string& line) {
  FileDescriptor file(
      open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.valid()) return Error::FromErrno(errno, "open " + path_);
  ssize_t n;
  do {
    n = write(file.get(), line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(line.size())) return {};
  const int error = n < 0 ? errno : ENOSPC;
  // So that the next line does not stand behind a part of this one.
  if (n > 0 && write(file.get(), "\n", 1) != 1) {
    return Error::FromErrno(errno, "write " + path_);
  }
  return Error::FromErrno(error, "write " + path_);
}

Status StateJournal::AddBefore(const std::string& session,
                               const std::string& before, int64_t at_micros) {
  return Append(Line(session, "before", before, "", at_micros));
}

Status StateJournal::AddAlso(const std::string& session,
                             const std::string& before,
                             const std::string& also) {
  return Append(Line(session, "also", also, before, 0));
}

Status StateJournal::AddAfter(const std::string& session,
                              const std::string& before,
                              const std::string& after) {
  return Append(Line(session, "after", after, before, 0));
}

Status StateJournal::AddRestored(const std::string& session,
                                 const std::string& before) {
  return Append(Line(session, "restored", before, "", 0));
}

Result<std::vector<TurnStates>> StateJournal::Read() const {
  std::vector<TurnStates> turns;
  auto text = ReadFile(path_, kJournalBytesMax);
  if (!text.ok()) {
    if (text.error().code() == Code::kNotFound) return turns;
    return std::move(text).error();
  }
  for (std::string_view rest = *text; !rest.empty();) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    auto json = JsonDocument::Parse(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (json.ok()) Take(json->root(), &turns);
  }
  return turns;
}

Status StateJournal::Rewrite(const std::vector<TurnStates>& turns) {
  std::string text;
  for (const TurnStates& turn : turns) {
    text +=
        Line(turn.session, "before", turn.before.front(), "", turn.at_micros);
    for (size_t i = 1; i < turn.before.size(); ++i) {
      text +=
          Line(turn.session, "also", turn.before[i], turn.before.front(), 0);
    }
    if (!turn.after.empty()) {
      text += Line(turn.session, "after", turn.after, turn.before.front(), 0);
    }
  }
  return WriteFileAtomically(path_, text, 0600);
}

}  // namespace cofferdam::agent
