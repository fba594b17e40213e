#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/file_finder.h"
#include "agent/terminal/line_editor.h"
#include "agent/terminal/prompt_history.h"
#include "agent/terminal/styled_text.h"
#include "agent/terminal/terminal.h"
#include "agent/terminal/vim_keys.h"

namespace cofferdam::agent {

// Rows of suggestions that are shown at once.
inline constexpr size_t kSuggestionsMax = 8;

// The prompt that a person writes at: an editor with what was typed before
// (Up, Down, Ctrl-R), and suggestions for `/commands` and `@files`.
class PromptBox {
 public:
  // Both must outlive it.
  PromptBox(PromptHistory& history, FileFinder& files)
      : history_(history), files_(files) {}

  enum class Outcome {
    kUsed,    // show it anew
    kSend,    // the text is to be sent: Take it
    kUnused,  // the key is for somebody else
  };
  Outcome Press(const Key& key);
  // What is to be sent; it goes into the history.
  std::string Take();
  // What was written so far, for something else to be written.
  std::string PutAside();

  LineEditor& editor() { return editor_; }
  void set_keys(PromptKeys keys);
  // Of vim's keys: keys move and change, they do not write.
  bool normal_mode() const {
    return keys_ == PromptKeys::kVim && vim_.mode() == VimKeys::Mode::kNormal;
  }
  bool empty() const { return editor_.empty() && !search_; }
  // A list of files, or more of it, has come: where files are suggested it
  // counts, and what was chosen among them stays chosen.
  void Refresh();

  struct View {
    EditorView editor;
    std::vector<StyledLine> below;  // suggestions
  };
  View Look(int columns, size_t rows_max) const;

 private:
  struct Suggestion {
    std::string text;   // what is put in
    std::string words;  // what it is
  };
  struct Search {
    std::string words;
    std::string draft;
    std::optional<size_t> found;
  };

  LineEditor::Outcome Edit(const Key& key);
  Outcome PressInSearch(const Key& key);
  std::optional<Outcome> PressInSuggestions(const Key& key);
  Outcome Recall(std::optional<std::string> text);
  void FindOlder(size_t before);
  void Suggest();
  void CloseSuggestions();
  void SuggestCommands();
  void SuggestFiles(size_t begin);
  void Accept();

  PromptHistory& history_;
  FileFinder& files_;
  LineEditor editor_;
  PromptKeys keys_ = PromptKeys::kUsual;
  VimKeys vim_;
  std::optional<Search> search_;
  std::vector<Suggestion> suggestions_;
  size_t chosen_ = 0;
  size_t begin_ = 0;  // of the bytes that a suggestion replaces
  bool commands_ = false;
  bool awaits_files_ = false;
};

}  // namespace cofferdam::agent
