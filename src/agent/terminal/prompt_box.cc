#include "agent/terminal/prompt_box.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/terminal/session_commands.h"
#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

using Kind = Key::Kind;

bool IsControl(const Key& key, char letter) {
  return key.kind == Kind::kControl && key.text.front() == letter;
}

}  // namespace

void PromptBox::set_keys(PromptKeys keys) {
  if (keys == keys_) return;
  keys_ = keys;
  vim_.Reset();
}

LineEditor::Outcome PromptBox::Edit(const Key& key) {
  return keys_ == PromptKeys::kVim ? vim_.Press(key, editor_)
                                   : editor_.Press(key);
}

PromptBox::Outcome PromptBox::Press(const Key& key) {
  // vi knows no Alt: it is Escape with the next key close behind.
  if (keys_ == PromptKeys::kVim && key.kind == Kind::kAlt) {
    Press({Kind::kEscape, ""});
    return Press({Kind::kText, key.text});
  }
  if (search_) return PressInSearch(key);
  if (!suggestions_.empty()) {
    if (const auto outcome = PressInSuggestions(key)) return *outcome;
  }
  if (IsControl(key, 'r')) {
    search_ = Search{.words = "", .draft = editor_.text(), .found = {}};
    CloseSuggestions();
    return Outcome::kUsed;
  }
  if (key.kind == Kind::kTab) {
    Suggest();
    return Outcome::kUsed;
  }
  switch (Edit(key)) {
    case LineEditor::Outcome::kSend:
      return Outcome::kSend;
    case LineEditor::Outcome::kUnused:
      return Outcome::kUnused;
    case LineEditor::Outcome::kEdge:
      return Recall(key.kind == Kind::kUp || IsControl(key, 'p') ||
                            (key.kind == Kind::kText && key.text.back() == 'k')
                        ? history_.Older(editor_.text())
                        : history_.Newer());
    case LineEditor::Outcome::kEdited:
      history_.StopWalking();
      CloseSuggestions();
      if (!normal_mode()) Suggest();
      return Outcome::kUsed;
    case LineEditor::Outcome::kMoved:
      CloseSuggestions();
      return Outcome::kUsed;
  }
  return Outcome::kUsed;
}

std::string PromptBox::Take() {
  std::string text = PutAside();
  history_.Add(text);
  return text;
}

std::string PromptBox::PutAside() {
  CloseSuggestions();
  search_.reset();
  vim_.Reset();
  return editor_.Take();
}

PromptBox::Outcome PromptBox::Recall(std::optional<std::string> text) {
  if (text) editor_.SetText(*std::move(text));
  if (text && normal_mode()) editor_.MoveCursor(0);
  return Outcome::kUsed;
}

void PromptBox::FindOlder(size_t before) {
  const auto found = history_.Find(search_->words, before);
  if (!found) return;
  search_->found = found;
  editor_.SetText(history_.entries()[*found]);
}

PromptBox::Outcome PromptBox::PressInSearch(const Key& key) {
  if (key.kind == Kind::kText) {
    search_->words += key.text;
    FindOlder(search_->found ? *search_->found + 1 : history_.entries().size());
    return Outcome::kUsed;
  }
  if (IsControl(key, 'r')) {
    FindOlder(search_->found.value_or(history_.entries().size()));
    return Outcome::kUsed;
  }
  if (key.kind == Kind::kBackspace && !search_->words.empty()) {
    const Cluster last = LastCluster(search_->words);
    search_->words.resize(search_->words.size() - last.bytes);
    search_->found.reset();
    FindOlder(history_.entries().size());
    return Outcome::kUsed;
  }
  const bool dropped =
      key.kind == Kind::kEscape || IsControl(key, 'g') || IsControl(key, 'c');
  if (dropped) editor_.SetText(search_->draft);
  search_.reset();
  // Enter takes what was found into the prompt, to be seen before it is sent.
  if (dropped || key.kind == Kind::kEnter || key.kind == Kind::kTab) {
    return Outcome::kUsed;
  }
  return Press(key);
}

std::optional<PromptBox::Outcome> PromptBox::PressInSuggestions(
    const Key& key) {
  const size_t count = suggestions_.size();
  switch (key.kind) {
    case Kind::kUp:
      chosen_ = (chosen_ + count - 1) % count;
      return Outcome::kUsed;
    case Kind::kDown:
      chosen_ = (chosen_ + 1) % count;
      return Outcome::kUsed;
    case Kind::kTab:
      Accept();
      return Outcome::kUsed;
    case Kind::kEnter:
      Accept();
      // A command is whole; a file is a part of what is being written.
      return commands_ ? Outcome::kSend : Outcome::kUsed;
    case Kind::kEscape:
      CloseSuggestions();
      return Outcome::kUsed;
    default:
      return std::nullopt;
  }
}

void PromptBox::Accept() {
  editor_.Replace(begin_, suggestions_[chosen_].text);
  CloseSuggestions();
}

void PromptBox::CloseSuggestions() {
  suggestions_.clear();
  awaits_files_ = false;
}

void PromptBox::Refresh() {
  if (!awaits_files_) return;
  const std::string chosen = chosen_ < suggestions_.size() && chosen_ > 0
                                 ? suggestions_[chosen_].text
                                 : "";
  Suggest();
  for (size_t i = 0; i < suggestions_.size(); ++i) {
    if (suggestions_[i].text == chosen) chosen_ = i;
  }
}

void PromptBox::Suggest() {
  CloseSuggestions();
  chosen_ = 0;
  const std::string_view before =
      std::string_view(editor_.text()).substr(0, editor_.cursor());
  const size_t word = before.find_last_of(" \n\t") + 1;  // npos + 1 is 0
  if (before.starts_with('/') && word == 0) {
    SuggestCommands();
  } else if (before.substr(word).starts_with('@')) {
    SuggestFiles(word);
  }
}

void PromptBox::SuggestCommands() {
  const std::string_view name =
      std::string_view(editor_.text()).substr(1, editor_.cursor() - 1);
  for (const SlashCommand& command : SlashCommands()) {
    if (!command.name.starts_with(name)) continue;
    suggestions_.push_back(
        {.text = fmt::format("/{}{}", command.name,
                             command.arguments.empty() ? "" : " "),
         .words = std::string(command.help)});
  }
  begin_ = 0;
  commands_ = true;
}

void PromptBox::SuggestFiles(size_t begin) {
  awaits_files_ = true;
  files_.Begin();
  const auto list = files_.list();
  if (list == nullptr) return;
  const std::string_view query =
      std::string_view(editor_.text())
          .substr(begin + 1, editor_.cursor() - begin - 1);
  for (const std::string& path : list->Best(query, kSuggestionsMax)) {
    const bool blank = path.find(' ') != path.npos;
    suggestions_.push_back({.text = blank ? fmt::format("@\"{}\" ", path)
                                          : fmt::format("@{} ", path),
                            .words = ""});
  }
  begin_ = begin;
  commands_ = false;
}

PromptBox::View PromptBox::Look(int columns, size_t rows_max) const {
  View view;
  StyledLine mark = MakeLine("› ", {.colour = Colour::kCyan, .bold = true});
  if (search_) mark = MakeLine("‹ ", {.colour = Colour::kYellow, .bold = true});
  view.editor = ViewEditor(editor_, mark, columns, rows_max);
  if (search_) {
    const bool lost = !search_->found && !search_->words.empty();
    view.below.push_back(MakeLine(
        fmt::format("  {}: {}   Ctrl-R older · Enter takes it · Esc back",
                    lost ? "not found" : "search", search_->words),
        lost ? kWarnStyle : kDimStyle));
  }
  const size_t first =
      chosen_ < kSuggestionsMax ? 0 : chosen_ + 1 - kSuggestionsMax;
  for (size_t i = first;
       i < std::min(suggestions_.size(), first + kSuggestionsMax); ++i) {
    StyledLine row;
    const bool chosen = i == chosen_;
    AppendText(chosen ? "  ▸ " : "    ", kNameStyle, &row);
    AppendText(fmt::format("{:<12} ", suggestions_[i].text),
               {.colour = Colour::kDefault, .bold = chosen}, &row);
    AppendText(suggestions_[i].words, kDimStyle, &row);
    view.below.push_back(CutLine(row, columns));
  }
  return view;
}

}  // namespace cofferdam::agent
