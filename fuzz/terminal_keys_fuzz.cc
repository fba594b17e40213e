// What a terminal sends, as keys; and the keys in the prompt, vim's and the
// usual ones: the text stays whole characters, the cursor between them.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/key_reader.h"
#include "agent/terminal/line_editor.h"
#include "agent/terminal/vim_keys.h"
#include "base/check.h"
#include "base/json.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

std::vector<Key> ReadInPieces(std::string_view bytes, size_t piece) {
  KeyReader reader;
  std::vector<Key> keys;
  while (!bytes.empty()) {
    reader.Feed(bytes.substr(0, piece), &keys);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (reader.waiting()) reader.Flush(&keys);
  // Runs of text may come in several.
  std::vector<Key> joined;
  for (Key& key : keys) {
    if (key.kind == Key::Kind::kText && !joined.empty() &&
        joined.back().kind == Key::Kind::kText) {
      joined.back().text += key.text;
    } else {
      joined.push_back(std::move(key));
    }
  }
  return joined;
}

void CheckEditor(const std::vector<Key>& keys) {
  LineEditor usual;
  LineEditor vim;
  VimKeys vim_keys;
  for (const Key& key : keys) {
    usual.Press(key);
    vim_keys.Press(key, vim);
    for (const LineEditor* editor : {&usual, &vim}) {
      CHECK(editor->cursor() <= editor->text().size());
      const EditorView view = ViewEditor(*editor, MakeLine("> "), 20, 4);
      CHECK(view.rows.size() <= 5 && view.cursor_row < view.rows.size());
      if (editor->cursor() < editor->text().size()) {
        // On the first byte of a character.
        CHECK((static_cast<uint8_t>(editor->text()[editor->cursor()]) & 0xC0) !=
              0x80);
      }
    }
  }
  CHECK(IsUtf8(usual.text()) && IsUtf8(vim.text()));
}

void CheckKeys(std::string_view bytes) {
  const std::vector<Key> keys = ReadInPieces(bytes, bytes.size() + 1);
  CHECK(ReadInPieces(bytes, 1) == keys);
  for (const Key& key : keys) {
    if (key.kind == Key::Kind::kText || key.kind == Key::Kind::kControl ||
        key.kind == Key::Kind::kAlt) {
      CHECK(!key.text.empty());
    }
  }
  CheckEditor(keys);
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckKeys(cofferdam::FuzzText(data, size));
  return 0;
}
