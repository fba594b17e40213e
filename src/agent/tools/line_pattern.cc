#include "agent/tools/line_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <utility>

#include "agent/tools/pattern_program_internal.h"

namespace cofferdam::agent {
namespace {

using Kind = PatternStep::Kind;

// What stands before or behind a place between two bytes.
enum class Side : uint8_t { kEdge, kWord, kOther };

Side SideOf(unsigned char c) {
  return std::isalnum(c) != 0 || c == '_' ? Side::kWord : Side::kOther;
}

// A state of the automaton: the steps it waits at, and what it has just read.
struct StateKey {
  std::vector<uint32_t> steps;  // sorted
  Side before = Side::kEdge;
  auto operator<=>(const StateKey&) const = default;
};

constexpr int32_t kUnknown = -1;
constexpr int32_t kMatched = -2;
constexpr size_t kEndClass = 256;  // the line's end

}  // namespace

struct LinePattern::State {
  PatternProgram program;
  // Bytes that no set tells apart share a class.
  std::array<uint16_t, 257> classes = {};
  std::vector<unsigned char> representatives;
  size_t class_count = 0;

  std::map<StateKey, int32_t> ids;
  std::vector<StateKey> keys;
  std::vector<int32_t> table;

  void FindClasses();
  int32_t IdOf(StateKey key);
  // The state at a line's begin has id 0.
  void Begin() { IdOf({{program.begin}, Side::kEdge}); }
  int32_t Next(int32_t state, size_t class_index);
  bool Passes(Kind kind, Side before, Side after) const;
  bool Run(std::string_view line);
};

void LinePattern::State::FindClasses() {
  std::map<std::vector<bool>, uint16_t> seen;
  for (size_t c = 0; c < 256; ++c) {
    std::vector<bool> in;
    for (const auto& set : program.sets) in.push_back(set.test(c));
    in.push_back(SideOf(static_cast<unsigned char>(c)) == Side::kWord);
    auto [at, added] =
        seen.try_emplace(std::move(in), static_cast<uint16_t>(seen.size()));
    if (added) representatives.push_back(static_cast<unsigned char>(c));
    classes[c] = at->second;
  }
  classes[kEndClass] = static_cast<uint16_t>(seen.size());
  class_count = seen.size() + 1;
}

int32_t LinePattern::State::IdOf(StateKey key) {
  auto at = ids.find(key);
  if (at != ids.end()) return at->second;
  auto id = static_cast<int32_t>(keys.size());
  ids.emplace(key, id);
  keys.push_back(std::move(key));
  table.resize(table.size() + class_count, kUnknown);
  return id;
}

bool LinePattern::State::Passes(Kind kind, Side before, Side after) const {
  bool word_before = before == Side::kWord;
  bool word_after = after == Side::kWord;
  switch (kind) {
    case Kind::kLineBegin:
      return before == Side::kEdge;
    case Kind::kLineEnd:
      return after == Side::kEdge;
    case Kind::kWordEdge:
      return word_before != word_after;
    case Kind::kNoWordEdge:
      return word_before == word_after;
    case Kind::kWordBegin:
      return !word_before && word_after;
    case Kind::kWordEnd:
      return word_before && !word_after;
    default:
      return true;
  }
}

// Follows what needs no byte, now that both sides of the place are known, and
// then the byte.
int32_t LinePattern::State::Next(int32_t state, size_t class_index) {
  const StateKey key = keys[static_cast<size_t>(state)];
  bool at_end = class_index + 1 == class_count;
  unsigned char byte = at_end ? 0 : representatives[class_index];
  Side after = at_end ? Side::kEdge : SideOf(byte);
  std::vector<bool> seen(program.steps.size());
  std::vector<uint32_t> todo = key.steps;
  // A match may begin at every place.
  todo.push_back(program.begin);
  StateKey next;
  next.before = after;
  while (!todo.empty()) {
    uint32_t index = todo.back();
    todo.pop_back();
    if (seen[index]) continue;
    seen[index] = true;
    const PatternStep& step = program.steps[index];
    if (step.kind == Kind::kMatch) return kMatched;
    if (step.kind == Kind::kBytes) {
      if (!at_end && program.sets[step.set].test(byte))
        next.steps.push_back(step.next);
      continue;
    }
    if (!Passes(step.kind, key.before, after)) continue;
    todo.push_back(step.next);
    if (step.kind == Kind::kSplit) todo.push_back(step.other);
  }
  if (at_end) return 0;
  std::sort(next.steps.begin(), next.steps.end());
  next.steps.erase(std::unique(next.steps.begin(), next.steps.end()),
                   next.steps.end());
  return IdOf(std::move(next));
}

bool LinePattern::State::Run(std::string_view line) {
  int32_t state = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    size_t class_index =
        classes[i < line.size() ? static_cast<unsigned char>(line[i])
                                : kEndClass];
    size_t cell = static_cast<size_t>(state) * class_count + class_index;
    int32_t next = table[cell];
    if (next == kUnknown) {
      if (keys.size() >= kStatesMax) {
        StateKey here = keys[static_cast<size_t>(state)];
        ids.clear();
        keys.clear();
        table.clear();
        Begin();
        state = IdOf(std::move(here));
        cell = static_cast<size_t>(state) * class_count + class_index;
      }
      next = Next(state, class_index);
      table[cell] = next;
    }
    if (next == kMatched) return true;
    state = next;
  }
  return false;
}

LinePattern::LinePattern(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::Compile(std::string_view pattern,
                                         Case letters) {
  auto state = std::make_unique<State>();
  TRY_ASSIGN(state->program, CompilePattern(pattern, letters));
  state->FindClasses();
  state->Begin();
  return LinePattern(std::move(state));
}

std::string LinePattern::Quote(std::string_view text) {
  std::string quoted;
  for (char c : text) {
    if (std::string_view("\\.[]()|*+?{}^$").find(c) != std::string_view::npos)
      quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

bool LinePattern::Matches(std::string_view line) const {
  if (!state_->program.literal.empty())
    return line.find(state_->program.literal) != std::string_view::npos;
  return state_->Run(line);
}

size_t LinePattern::FindLine(std::string_view text, size_t begin) const {
  const std::string& literal = state_->program.literal;
  if (!literal.empty()) {
    if (begin >= text.size()) return std::string_view::npos;
    const void* found = memmem(text.data() + begin, text.size() - begin,
                               literal.data(), literal.size());
    if (found == nullptr) return std::string_view::npos;
    size_t at =
        static_cast<size_t>(static_cast<const char*>(found) - text.data());
    size_t newline =
        at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
  }
  while (begin < text.size()) {
    size_t newline = text.find('\n', begin);
    size_t end = newline == std::string_view::npos ? text.size() : newline;
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (state_->Run(line)) return begin;
    begin = end + 1;
  }
  return std::string_view::npos;
}

}  // namespace cofferdam::agent
